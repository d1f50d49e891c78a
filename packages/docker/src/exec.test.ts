import { expect, it } from "vitest";
import type { DockerClient } from "./client.ts";
import { DockerRefusal } from "./errors.ts";
import type { EventFeed } from "./events.ts";
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
