import { helperBody } from "./container-body.ts";
import { unless } from "./errors.ts";
import { type KillerOptions, killExec, marker, runInside } from "./kill.ts";
import { removeContainer } from "./leftovers.ts";

/**
 * Sends a signal to the process groups of an exec's first processes: those that carry its mark and whose parent does not.
 * Docker has no way to signal an exec; see the killer for why this is a container of its own.
 */
const script = `
cd /proc
marked=$(grep -lzxF "$1" [0-9]*/environ 2>/dev/null | cut -d/ -f1)
[ -n "$marked" ] || exit 0
groups=$(cat [0-9]*/stat 2>/dev/null | awk -v marked="$marked" '
  BEGIN { n = split(marked, given); for (i = 1; i <= n; i++) own[given[i]] = 1 }
  { line = $0; pid = $1; sub(/.*\\) /, "", line); split(line, f, " "); parent[pid] = f[2]; group[pid] = f[3] }
  END { for (pid in own) if ((pid in parent) && !(parent[pid] in own) && group[pid] > 1) print group[pid] }' | sort -nu)
for group in $groups; do kill -"$2" -"$group" 2>/dev/null; done
exit 0
`;

/** Sends a signal such as `SIGTERM` to an exec of a container. Nothing happens when it has ended. */
export async function signalExec(
  { client, names, helperImage, inside }: KillerOptions,
  container: string,
  execId: string,
  name: string,
): Promise<void> {
  const command = ["sh", "-c", script, "signal", `${marker}=${execId}`, name.replace(/^SIG/, "")];
  if (inside) return void (await runInside(client, container, command));
  const body = helperBody({
    image: helperImage,
    command,
    labels: names.labels("kill", execId),
    capabilities: ["KILL", "SYS_PTRACE"],
    host: { PidMode: `container:${container}` },
  });
  const { Id: id } = await client.call<{ Id: string }>("POST", "/containers/create", { json: body });
  try {
    await client.call("POST", `/containers/${id}/start`);
    await client.call("POST", `/containers/${id}/wait`);
  } finally {
    await removeContainer(client, id).catch(() => {});
  }
}

/** After the end of a command: kills what it started and left behind, where there is anything beside the main process. */
export async function killRest(options: KillerOptions, container: string, execId: string): Promise<void> {
  const top = await unless(
    [404, 409],
    options.client.call<{ Processes?: readonly unknown[] | null }>("GET", `/containers/${container}/top`),
  );
  if ((top?.Processes?.length ?? 0) > 1) await killExec(options, container, execId);
}
