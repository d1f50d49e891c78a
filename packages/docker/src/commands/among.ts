/**
 * Docker has no way to signal an exec, or to end one. Scripts do it, in a container of their own that shares only the
 * sandbox's process namespace, so they need nothing of the sandbox's image.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "@porter-sandbox/spec";
import type { DockerClient } from "../client.ts";
import { helperBody } from "../container-body.ts";
import { type Images, orAbort } from "../images.ts";
import { inspectContainer } from "../inspection.ts";
import type { Leftovers } from "../leftovers.ts";
import type { Names } from "../names.ts";
import { holdStill, release } from "./hold-still.ts";

/** Set for every command, and inherited by all that it starts: how its processes are known again. */
export const marker = "PORTER_SANDBOX_EXEC_ID";

export interface AmongOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly images: Images;
  readonly clock: Clock;
  readonly leftovers: Leftovers;
  readonly helperImage: string;
  /** Whether no container can share a sandbox's processes, so that scripts have to run inside. */
  readonly inside: () => Promise<boolean>;
}

/** What moves may stop the script before it is done, or before it has begun. */
const movingMs = 5_000;
/** Until the script is done nothing in the sandbox moves. */
const heldMs = 30_000;
/** Inside there is no second try. */
const insideMs = 30_000;

/**
 * Lets what was stopped while it came into the sandbox come on: an engine that starts a container waits for that without
 * end. It is nobody's child there, and no command, since those may have been stopped by whoever they belong to.
 */
const awaken = `
commands=$(cd /proc && grep -lzF "\${1%%=*}=" [0-9]*/environ 2>/dev/null | cut -d/ -f1)
stopped=$(cat /proc/[0-9]*/stat 2>/dev/null | awk -v commands="$commands" -v me=$$ '
  BEGIN { n = split(commands, given); for (i = 1; i <= n; i++) known[given[i]] = 1 }
  { pid = $1; sub(/.*\\) /, ""); if ($2 == 0 && pid > 1 && pid != me && !(pid in known)) print pid }')
[ -z "$stopped" ] || kill -CONT $stopped 2>/dev/null
`;

/**
 * Runs a script among the processes of a sandbox, as root. Its arguments are the mark of an exec, whether the sandbox is
 * `moving` or `held` still meanwhile, and `args`. Resolves when it ended well, or the container has ended.
 *
 * It can be seen in the sandbox, so a command that kills or stops whatever it sees may meet it first. Then the whole
 * sandbox is held still while it is run again. Not from the start: what is held still takes no new commands.
 */
export async function runAmong(
  options: AmongOptions,
  container: string,
  execId: string,
  script: string,
  ...args: string[]
): Promise<void> {
  const { client, clock } = options;
  const command = (text: string, state: "moving" | "held") => [
    ...["sh", "-c", text, "among", `${marker}=${execId}`, state],
    ...args,
  ];
  // What it is held still by would be held still as well.
  if (await options.inside()) return runInside(client, clock, container, command(script, "moving"));
  const isRunning = async () => {
    const found = await inspectContainer(client, container);
    return found?.State.Running === true;
  };
  const first = runBeside(options, container, execId, command(script, "moving"), movingMs);
  try {
    await first.done;
  } catch {
    if (!(await isRunning())) return;
    try {
      await holdStill(client, container);
      await runBeside(options, container, execId, command(`${awaken}${script}`, "held"), heldMs).done;
      // As soon as something moves it may be stopped again, and would stay.
      await within(clock, movingMs, () => first.removed).catch(() => {});
    } catch (error) {
      if (await isRunning()) throw error;
    } finally {
      await release(client, container);
    }
  }
}

const outOfReach = "some processes of the command were out of reach";

/** `done` when the script ended well. `removed` may be long after it failed, since the engine may wait for its start. */
function runBeside(
  { client, names, images, clock, leftovers, helperImage }: AmongOptions,
  container: string,
  execId: string,
  command: readonly string[],
  timeoutMs: number,
): { readonly done: Promise<void>; readonly removed: Promise<void> } {
  const name = names.container("kill", randomUUID());
  const body = helperBody({
    image: helperImage,
    command,
    labels: names.labels("kill", execId),
    capabilities: ["KILL", "SYS_PTRACE"],
    host: { PidMode: `container:${container}` },
  });
  const run = async () => {
    await images.create(body, name);
    const wait = async (signal: AbortSignal) => {
      await client.call("POST", `/containers/${name}/start`, { signal });
      // The head of the answer comes at once: only the signal bounds the wait for the rest.
      return client.call<{ StatusCode: number }>("POST", `/containers/${name}/wait`, { signal });
    };
    const { StatusCode } = await within(clock, timeoutMs, wait);
    if (StatusCode !== 0) throw new Error(outOfReach);
  };
  const ran = run();
  const remove = () => leftovers.remove(name);
  const removed = ran.then(remove, remove);
  return { done: ran.then(() => removed), removed };
}

/** Where the runtime keeps the processes to itself. That takes a shell, `awk` and `grep` in the sandbox's image. */
function runInside(client: DockerClient, clock: Clock, container: string, command: readonly string[]): Promise<void> {
  return within(clock, insideMs, async (signal) => {
    const json = { Cmd: command, User: "0:0", AttachStdout: true, AttachStderr: true };
    const { Id } = await client.call<{ Id: string }>("POST", `/containers/${container}/exec`, { json, signal });
    const start = { json: { Detach: false, Tty: false }, signal };
    // What is called a shell there may be anything, and never fall silent. Nothing of it is kept.
    for await (const _ of await client.stream("POST", `/exec/${Id}/start`, start));
    const { ExitCode } = await client.call<{ ExitCode: number | null }>("GET", `/exec/${Id}/json`, { signal });
    if (ExitCode === 126 || ExitCode === 127) {
      throw new Error("the runtime keeps its processes to itself, and the image has no shell to end them with");
    }
    if (ExitCode !== 0) throw new Error(outOfReach);
  });
}

async function within<T>(clock: Clock, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const why = new Error(`what was run among the sandbox's processes did not end within ${ms} ms`);
  const cancel = clock.schedule(() => late.abort(why), ms);
  return orAbort(work(late.signal), late.signal).finally(cancel);
}
