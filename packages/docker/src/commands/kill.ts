import { type AmongOptions, runAmong } from "./among.ts";

/**
 * Docker has no way to end an exec, so this runs among the processes of its sandbox.
 *
 * Everything that carries the mark is stopped, again and again until a look finds nothing new, so that what forks
 * faster than it is looked for runs out of room; what is in the sessions of those, or descends from them, belongs to
 * them even without the mark. Then all of it is killed. Where nothing moves (`held`) one look is enough, and what it
 * finds dies when it moves again.
 */
const script = `
look() {
  marked=$(cd /proc && grep -lzxF "$1" [0-9]*/environ 2>/dev/null | cut -d/ -f1)
  [ -n "$marked" ] || { all=; return; }
  all=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v marked="$marked" -v me=$$ '
    BEGIN { n = split(marked, given); for (i = 1; i <= n; i++) { own[given[i]] = 1 } }
    { line = $0; pid = $1; sub(/.*\\) /, "", line); split(line, f, " "); parent[pid] = f[2]; session[pid] = f[4] }
    END {
      for (pid in own) if (session[pid] > 1) sessions[session[pid]] = 1
      do {
        grown = 0
        for (pid in parent) if (!(pid in own) && pid > 1 && pid != me && parent[pid] != me)
          if ((session[pid] in sessions) || (parent[pid] in own)) { own[pid] = 1; grown = 1 }
      } while (grown)
      for (pid in own) if (pid > 1 && (pid in parent)) print pid
    }' | sort -n)
}
if [ "$2" = held ]; then
  look "$1"
  [ -z "$all" ] || kill -KILL $all 2>/dev/null
  exit 0
fi
round=0
before=
while [ $round -lt 200 ]; do
  round=$((round + 1))
  look "$1"
  [ -n "$all" ] || exit 0
  kill -STOP $all 2>/dev/null
  if [ "$all" = "$before" ]; then kill -KILL $all 2>/dev/null; before=; else before=$all; fi
done
exit 1
`;

/**
 * Kills an exec of a container with all its descendants. Resolves when none of them is left, or the container has ended.
 */
export function killExec(options: AmongOptions, container: string, execId: string): Promise<void> {
  return runAmong(options, container, execId, script);
}
