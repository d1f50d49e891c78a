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
  for (let page = 1; ; ) {
    const listed = await sandboxes.list({ ...filters, end_time, page }, options);
    const before = seen.size;
    // Pages shift when sandboxes are created meanwhile: the end of the window is fixed, by the later of the two clocks.
    end_time ??= new Date(Math.max(client.clock.now(), ...timesOf(listed).map((at) => at + 1 || 0)));
    for (const sandbox of listed) {
      if (seen.has(sandbox.id)) continue;
      seen.add(sandbox.id);
      yield sandbox;
    }
    if (!listed.pagination.has_next_page) return;
    const fresh = seen.size > before;
    // Newcomers within the window move what comes next down. Of all filters only a phase stops matching meanwhile, as when
    // the caller terminates what is listed: what comes next moves up then. So the window goes on from the last one, and
    // its first page is what comes next.
    const reach = reachOf(listed);
    if (reach < Number(new Date(end_time))) {
      end_time = new Date(reach);
      page = 1;
    } else if (fresh && reach && filters?.phase !== undefined) page = 1;
    else if (fresh || page * listed.length <= seen.size) page++;
    // A server that says for ever that there is more.
    else return;
  }
}

const timesOf = (listed: readonly Sandbox[]) => listed.map(({ status }) => Date.parse(status?.created_at ?? ""));

/** The end of the window behind a page; none where the server's order is another than newest first. */
function reachOf(listed: readonly Sandbox[]): number {
  const times = timesOf(listed);
  // Its own millisecond is in the window too: others may share it, and servers differ in whether an end counts.
  return times.every((at, index) => index === 0 || at <= (times[index - 1] as number))
    ? (times.at(-1) as number) + 1
    : Number.NaN;
}
