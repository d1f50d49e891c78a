import { InvalidRequestError } from "@porter-sandbox/core";

/** A path of this machine made absolute. Takes what Node's own file functions take: text, or a `file:` URL. */
export async function toLocalPath(localPath: string | URL): Promise<string> {
  const refuse = (rule: string) =>
    new InvalidRequestError(`localPath: ${rule} (got ${JSON.stringify(String(localPath))})`, {
      code: "invalid_request",
      field: "localPath",
    });
  if (typeof localPath === "string") {
    if (localPath === "" || localPath.includes("\0")) throw refuse("must be a path without NUL characters");
    return (await import("node:path")).resolve(localPath);
  }
  if (localPath?.protocol !== "file:") throw refuse("must be a path or a file: URL");
  return (await import("node:url")).fileURLToPath(localPath);
}
