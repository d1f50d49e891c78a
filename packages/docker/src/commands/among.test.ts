import { createVirtualClock } from "@porter-sandbox/testing";
import { describe, expect, it } from "vitest";
import { settled } from "../../test/settled.ts";
import type { CallOptions, DockerClient } from "../client.ts";
import { DockerRefusal } from "../errors.ts";
import { createImages } from "../images.ts";
import { namesOf } from "../names.ts";
import { type AmongOptions, runAmong } from "./among.ts";

const hang = (signal: AbortSignal | undefined) =>
  new Promise<never>((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));

/** Answers requests by what they begin with; what has no answer is fine. Containers have their number for a name. */
function setUp(answers: Record<string, (options: CallOptions) => unknown> = {}) {
  const asked: string[] = [];
  const numbers = new Map<string, number>();
  const answer = async (method: string, path: string, options: CallOptions = {}) => {
    const given = /porter-sandbox-test\.kill\.[0-9a-f-]+/.exec(`${path}${options.query?.name ?? ""}`)?.[0];
    if (given !== undefined && !numbers.has(given)) numbers.set(given, numbers.size + 1);
    const number = given === undefined ? "" : String(numbers.get(given));
    const told = `${method} ${path.replace(given ?? "none", number)}`;
    asked.push(told);
    const found = Object.keys(answers).find((one) => told.startsWith(one));
    return found === undefined ? { StatusCode: 0, State: { Running: true } } : answers[found]?.(options);
  };
  const client = { call: answer, stream: answer } as unknown as DockerClient;
  const clock = createVirtualClock({ start: 0 });
  const options: AmongOptions = {
    ...{ client, clock, names: namesOf("test"), images: createImages(client, {}), helperImage: "busybox:1" },
    leftovers: { remove: (name) => client.call("DELETE", `/containers/${name}`), close: async () => {} },
    inside: async () => false,
  };
  return { asked, clock, options };
}

describe("a script among the processes of a sandbox", () => {
  it("is a container beside it, which is gone when it is done", async () => {
    const { asked, clock, options } = setUp();
    await runAmong(options, "box", "ex-1", "true");
    const beside = ["POST /containers/1/start", "POST /containers/1/wait", "DELETE /containers/1"];
    expect(asked).toEqual(["POST /containers/create", ...beside]);
    expect(clock.pending()).toBe(0);
  });

  it("is run again while the sandbox is held still when its start, or its end, does not come", async () => {
    for (const never of ["POST /containers/1/start", "POST /containers/1/wait"]) {
      let removed = () => {};
      const removal = new Promise<void>((resolve) => {
        removed = resolve;
      });
      const { asked, clock, options } = setUp({
        [never]: ({ signal }) => hang(signal),
        "DELETE /containers/1": () => removal,
      });
      const done = runAmong(options, "box", "ex-1", "true");
      await settled();
      expect(asked.at(-1)).toBe(never);
      await clock.advance(5_000);
      await settled();
      expect(asked).toContain("POST /containers/box/pause");
      expect(asked.slice(-3)).toEqual(["POST /containers/2/start", "POST /containers/2/wait", "DELETE /containers/2"]);
      // The first one is still there, and would be stopped again.
      removed();
      await done;
      expect(asked.at(-1)).toBe("POST /containers/box/unpause");
      expect(clock.pending()).toBe(0);
    }
  });

  it("fails in the end, and the sandbox moves again", async () => {
    const { asked, clock, options } = setUp({
      "POST /containers/1/start": ({ signal }) => hang(signal),
      "POST /containers/2/start": ({ signal }) => hang(signal),
    });
    const done = runAmong(options, "box", "ex-1", "true").catch((error: Error) => error.message);
    await settled();
    await clock.advance(5_000);
    await settled();
    await clock.advance(30_000);
    expect(await done).toBe("what was run among the sandbox's processes did not end within 30000 ms");
    expect(asked.at(-1)).toBe("POST /containers/box/unpause");
  });

  it("is no failure when the sandbox has ended", async () => {
    const { options } = setUp({
      "POST /containers/1/start": () =>
        Promise.reject(new DockerRefusal(409, "cannot join PID of a non running container")),
      "GET /containers/box": () => ({ State: { Running: false } }),
    });
    await runAmong(options, "box", "ex-1", "true");
  });

  it("has its image pulled when that is missing", async () => {
    let missing = true;
    const { asked, options } = setUp({
      "POST /containers/create": () => {
        if (missing) throw new DockerRefusal(404, "No such image: busybox:1");
        return { Id: "1" };
      },
      "POST /images/create": () => {
        missing = false;
        return Object.assign((async function* () {})(), { setEncoding() {} });
      },
    });
    await runAmong(options, "box", "ex-1", "true");
    expect(asked.slice(0, 3)).toEqual(["POST /containers/create", "POST /images/create", "POST /containers/create"]);
  });

  it("runs inside where it has to, keeps nothing of what is said there, and does not wait for ever", async () => {
    let said = 0;
    const { asked, clock, options } = setUp({
      "POST /containers/box/exec": () => ({ Id: "inside" }),
      "POST /exec/inside/start": async function* ({ signal }) {
        for (;;) {
          signal?.throwIfAborted();
          said += 1;
          yield new Uint8Array(1024);
          if (said % 100 === 0) await settled();
        }
      },
    });
    const done = runAmong({ ...options, inside: async () => true }, "box", "ex-1", "true");
    const failed = expect(done).rejects.toThrow("did not end within 30000 ms");
    await expect.poll(() => said).toBeGreaterThan(100);
    await clock.advance(30_000);
    await failed;
    expect(asked).toEqual(["POST /containers/box/exec", "POST /exec/inside/start"]);
  });
});
