/** Walking through all pages of a list of sandboxes. */
import type { Sandbox } from "../resources/sandbox.ts";
import type { Sandboxes } from "../resources/sandboxes.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { SandboxFilters } from "../types.ts";

/** All sandboxes that match, page after page, none of them twice, and none that was created after the walk began. */
export async function* iterate(
  client: Client,
  sandboxes: Pick<Sandboxes, "list">,
  filters?: SandboxFilters,
  options?: CallOptions,
): AsyncGenerator<Sandbox, void, undefined> {
  const seen = new Set<string>();
  let end_time = filters?.end_time;
  for (let page = 1; ; page++) {
    const listed = await sandboxes.list({ ...filters, end_time, page }, options);
    const before = seen.size;
    // Pages shift when sandboxes are created meanwhile: the end of the window is fixed, by the later of the two clocks.
    end_time ??= new Date(
      Math.max(client.clock.now(), ...listed.map(({ status }) => Date.parse(status?.created_at ?? "") + 1 || 0)),
    );
    for (const sandbox of listed) {
      if (seen.has(sandbox.id)) continue;
      seen.add(sandbox.id);
      yield sandbox;
    }
    if (!listed.pagination.has_next_page || seen.size === before) return;
  }
}
