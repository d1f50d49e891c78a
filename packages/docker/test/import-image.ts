import { type DockerClient, textOf } from "../src/client.ts";
import { parseReference } from "../src/images.ts";

/** Loads the rootfs in `tar` as an image, where there is no registry to pull one from. */
export async function importImage(
  client: DockerClient,
  tar: Uint8Array,
  image: string,
  changes: readonly string[],
): Promise<void> {
  const { name, version } = parseReference(image);
  const path = `/images/create?fromSrc=-&repo=${encodeURIComponent(name)}&tag=${encodeURIComponent(version)}${changes
    .map((change) => `&changes=${encodeURIComponent(change)}`)
    .join("")}`;
  const text = await textOf(await client.stream("POST", path, { body: tar }));
  if (text.includes('"error"')) throw new Error(text);
}
