import { type DockerClient, textOf } from "./client.ts";
import { helperBody } from "./container-body.ts";
import { hasStatus, unless } from "./errors.ts";
import { type Images, lacksImage } from "./images.ts";
import { removeContainer } from "./leftovers.ts";
import type { Names } from "./names.ts";

/** Set for every command, and inherited by all that it starts: how its processes are known again. */
export const marker = "PORTER_SANDBOX_EXEC_ID";

/**
 * Docker has no way to end an exec. This runs in a container of its own that shares only the sandbox's process
 * namespace, so it needs nothing of the sandbox's image.
 *
 * Everything that carries the mark is stopped, again and again until a look finds nothing new, so that what forks
 * faster than it is looked for runs out of room; what is in the sessions of those, or descends from them, belongs to
 * them even without the mark. Then all of it is killed. Where nothing moves (`frozen`) one look is enough, and what it
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
if [ "$2" = frozen ]; then
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

export interface KillerOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly images: Images;
  readonly helperImage: string;
  /** Whether no container can share a sandbox's processes, so that what ends them has to run inside. Default false. */
  readonly inside?: boolean | undefined;
}

/**
 * Kills an exec of a container with all its descendants. Resolves when none of them is left, or the container has ended.
 *
 * The killer can be seen in the sandbox, so a command that kills whatever it sees may kill it first. Then the whole
 * sandbox is held still while the killer does its work. Not from the start: what is held still takes no new commands.
 */
export async function killExec(options: KillerOptions, container: string, execId: string): Promise<void> {
  const { client } = options;
  if (options.inside) {
    // What it is held still by would be held still as well, so there is no second try.
    if ((await runInside(client, container, ["sh", "-c", script, "kill", `${marker}=${execId}`, "moving"])) !== 0)
      throw new Error("some processes of the command could not be killed");
    return;
  }
  const isRunning = async () => {
    const found = await unless(
      [404],
      client.call<{ State: { Running: boolean } }>("GET", `/containers/${container}/json`),
    );
    return found?.State.Running === true;
  };
  try {
    await runKiller(options, container, execId, "moving");
  } catch {
    if (!(await isRunning())) return;
    try {
      await holdStill(client, container);
      await runKiller(options, container, execId, "frozen");
    } catch (error) {
      if (await isRunning()) throw error;
    } finally {
      await release(client, container);
    }
  }
}

/** Engines give up on what starts processes without end, after some tries of their own. */
async function holdStill(client: DockerClient, container: string): Promise<void> {
  for (let tries = 20; ; tries -= 1) {
    try {
      // 409: it is held still already, or has ended.
      return void (await unless([404, 409], client.call("POST", `/containers/${container}/pause`)));
    } catch (error) {
      if (tries <= 1) throw error;
    }
  }
}

/**
 * Lets a sandbox move again; fine when it does, or has ended. Rejects when the engine cannot after some tries, since what
 * stays held still does nothing any more.
 */
export async function release(client: Pick<DockerClient, "call">, container: string): Promise<void> {
  for (let tries = 5; ; tries -= 1) {
    try {
      return void (await unless([404, 409], client.call("POST", `/containers/${container}/unpause`)));
    } catch (error) {
      // Engines before 23 say 500 of one that is not paused, as of everything that they failed at.
      if (hasStatus(error, 500) && /is not (paused|running)/i.test((error as Error).message)) return;
      if (tries <= 1) throw error;
    }
  }
}

/**
 * Runs a script in the sandbox itself, where its runtime keeps the processes to itself. That takes a shell, `awk` and
 * `grep` in its image. Answers the exit code.
 */
export async function runInside(client: DockerClient, container: string, command: readonly string[]): Promise<number> {
  const json = { Cmd: command, User: "0:0", AttachStdout: true, AttachStderr: true };
  const { Id } = await client.call<{ Id: string }>("POST", `/containers/${container}/exec`, { json });
  const output = await client.stream("POST", `/exec/${Id}/start`, { json: { Detach: false, Tty: false } });
  await textOf(output);
  const { ExitCode } = await client.call<{ ExitCode: number | null }>("GET", `/exec/${Id}/json`);
  if (ExitCode === 126 || ExitCode === 127) {
    throw new Error("the runtime keeps its processes to itself, and the image has no shell to end them with");
  }
  return ExitCode ?? 1;
}

async function runKiller(
  { client, names, images, helperImage }: KillerOptions,
  container: string,
  execId: string,
  state: "moving" | "frozen",
): Promise<void> {
  const body = helperBody({
    image: helperImage,
    command: ["sh", "-c", script, "kill", `${marker}=${execId}`, state],
    labels: names.labels("kill", execId),
    capabilities: ["KILL", "SYS_PTRACE"],
    host: { PidMode: `container:${container}` },
  });
  const create = () => client.call<{ Id: string }>("POST", "/containers/create", { json: body });
  let id: string;
  try {
    id = (await create()).Id;
  } catch (error) {
    if (!lacksImage(error)) throw error;
    await images.pull(helperImage);
    id = (await create()).Id;
  }
  try {
    await client.call("POST", `/containers/${id}/start`);
    const { StatusCode } = await client.call<{ StatusCode: number }>("POST", `/containers/${id}/wait`);
    if (StatusCode !== 0) throw new Error("some processes of the command could not be killed");
  } finally {
    await removeContainer(client, id).catch(() => {});
  }
}
