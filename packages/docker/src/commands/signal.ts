import { unless } from "../errors.ts";
import { type AmongOptions, runAmong } from "./among.ts";
import { killExec } from "./kill.ts";

/**
 * Sends a signal to the process groups of an exec's first processes: those that carry its mark and whose parent does not.
 * Docker has no way to signal an exec, so this runs among the processes of its sandbox.
 */
const script = `
cd /proc
marked=$(grep -lzxF "$1" [0-9]*/environ 2>/dev/null | cut -d/ -f1)
[ -n "$marked" ] || exit 0
groups=$(cat [0-9]*/stat 2>/dev/null | awk -v marked="$marked" '
  BEGIN { n = split(marked, given); for (i = 1; i <= n; i++) own[given[i]] = 1 }
  { line = $0; pid = $1; sub(/.*\\) /, "", line); split(line, f, " "); parent[pid] = f[2]; group[pid] = f[3] }
  END { for (pid in own) if ((pid in parent) && !(parent[pid] in own) && group[pid] > 1) print group[pid] }' | sort -nu)
for group in $groups; do kill -"$3" -"$group" 2>/dev/null; done
exit 0
`;

/** Sends a signal such as `SIGTERM` to an exec of a container. Nothing happens when it has ended. */
export function signalExec(options: AmongOptions, container: string, execId: string, name: string): Promise<void> {
  return runAmong(options, container, execId, script, name.replace(/^SIG/, ""));
}

/** After the end of a command: kills what it started and left behind, where anything runs that it can be. */
export async function killRest(options: AmongOptions, container: string, execId: string): Promise<void> {
  if ((await options.inside()) || (await countProcesses(options, container)) > ownProcesses)
    await killExec(options, container, execId);
}

/** The engine's init and the main process. */
const ownProcesses = 2;

async function countProcesses({ client }: AmongOptions, container: string): Promise<number> {
  // Without their command lines, which may be long. Podman has words of its own for what it tells of them.
  const ps_args = (await client.isPodman()) ? "pid" : "-eo pid";
  const top = await unless(
    [404, 409],
    client.call<{ Processes?: readonly unknown[] | null }>("GET", `/containers/${container}/top`, {
      query: { ps_args },
    }),
  );
  return top?.Processes?.length ?? 0;
}
