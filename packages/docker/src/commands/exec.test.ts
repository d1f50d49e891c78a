import { Duplex } from "node:stream";
import { expect, it } from "vitest";
import type { DockerClient } from "../client.ts";
import { DockerRefusal } from "../errors.ts";
import type { EventFeed } from "../events.ts";
import { startExec } from "./exec.ts";

const events = { ready: async () => {} } as unknown as EventFeed;
const start = (refusal: DockerRefusal) => {
  const client = {
    isPodman: async () => false,
    call: async () => ({ Id: "1" }),
    hijack: async () => {
      throw refusal;
    },
  };
  return startExec(client as unknown as DockerClient, events, { container: "box", command: ["true"], stdin: false });
};

it("a command whose sandbox ends between its making and its start is told just that, whatever the status", async () => {
  for (const [status, message] of [
    [404, "No such container: box"],
    [409, "Container box is not running"],
    [500, "Container box is not running: Exited (137) Less than a second ago"],
  ] as const) {
    await expect(start(new DockerRefusal(status, message))).rejects.toMatchObject({ code: "not_running" });
  }
  const other = new DockerRefusal(500, "no space left on device");
  await expect(start(other)).rejects.toMatchObject({ code: "engine_error", message: other.message });
});

/** What comes of a command of which the engine says that it is not there, in a sandbox that runs or does not. */
async function missing(states: boolean[]) {
  const text = 'OCI runtime exec failed: exec: "true": executable file not found in $PATH: unknown';
  const frame = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
  const client = {
    isPodman: async () => false,
    call: async (_method: string, path: string) => {
      if (path.startsWith("/exec/")) return { Running: false, ExitCode: 126, Pid: 0 };
      return path.endsWith("/exec") ? { Id: "1" } : { State: { Running: states.shift() ?? false } };
    },
    hijack: async () => {
      const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
      socket.push(null);
      return { socket, head: frame };
    },
  };
  const feed = { ready: async () => {}, listen: () => () => {}, onResync: () => () => {} };
  const exec = await startExec(client as unknown as DockerClient, feed as unknown as EventFeed, {
    container: "box",
    command: ["true"],
    stdin: false,
  });
  exec.stdout.cancel().catch(() => {});
  exec.stderr.cancel().catch(() => {});
  return exec.exit;
}

it("a command that is not there is one thing, a sandbox that is not there any more another", async () => {
  expect(await missing([true, true])).toEqual({ exit_code: 127 });
  for (const states of [[false], [true, false]])
    await expect(missing(states)).rejects.toMatchObject({ code: "not_running" });
});
