import { NotFoundError, UnsupportedError } from "../errors/status-errors.ts";
import type { Client } from "../transport/client.ts";
import { call } from "../transport/request.ts";
import type { CallOptions } from "../transport/scope.ts";

/**
 * The extensions that the server has, by name. Asked once for each client, when first needed; no list (404) means none,
 * and any other failure is the caller's to hear: what a server can do is never guessed.
 */
export async function extensionsOf(client: Client, options?: CallOptions): Promise<readonly string[]> {
  if (!client.extensions) {
    try {
      const { extensions } = await call<{ extensions: string[] }>(client, "getCapabilities", {}, options);
      client.extensions = extensions;
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error;
      client.extensions = [];
    }
  }
  return client.extensions;
}

/** Whether the server has an extension. */
export async function has(client: Client, extension: string, options?: CallOptions): Promise<boolean> {
  return (await extensionsOf(client, options)).includes(extension);
}

/** What is thrown instead of sending what the server would not understand. */
export function unsupported(what: string, extension: string): UnsupportedError {
  return new UnsupportedError(`${what}: the server does not have the extension "${extension}"`, {
    code: "unsupported",
    field: what,
  });
}

/** @throws {UnsupportedError} when the server lacks the extension that `what` needs. */
export async function need(client: Client, extension: string, what: string, options?: CallOptions): Promise<void> {
  if (!(await has(client, extension, options))) throw unsupported(what, extension);
}
