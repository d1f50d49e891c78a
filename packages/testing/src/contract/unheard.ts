/** Sandboxes of which their handles know nothing but the id. */
import type { Context } from "./context.ts";

/** A handle that has heard nothing yet. The sandbox is terminated when the case ends. */
export async function begun(c: Context, spec: Record<string, unknown> = {}, porter = c.porter()) {
  const sandbox = await porter.sandboxes.create({ image: c.target.image, ...spec });
  c.cleanup(() => c.http("DELETE", `/v1/sandbox/${sandbox.id}`));
  return sandbox;
}
