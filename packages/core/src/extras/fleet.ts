/** What is done with many sandboxes together has in common. */
import { invalidRequest } from "../errors/status-errors.ts";
import { Sandbox } from "../resources/sandbox.ts";
import type { Client } from "../transport/client.ts";

/** How many requests are under way at once. */
export const AT_ONCE = 8;

/**
 * The handles of sandboxes that were given as handles or ids.
 * @throws {InvalidRequestError} naming the first that is neither.
 */
export function handlesOf(client: Client, given: readonly (Sandbox | string)[]): Sandbox[] {
  if (!Array.isArray(given)) throw invalidRequest("sandboxes", "must be an array of sandboxes or ids");
  return given.map((one: Sandbox | string, index) => {
    const id: unknown = typeof one === "string" ? one : one?.id;
    if (typeof id !== "string" || id === "") throw invalidRequest(`sandboxes[${index}]`, "must be a sandbox or an id");
    return typeof one === "string" ? new Sandbox(client, { id }) : one;
  });
}
