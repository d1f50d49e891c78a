import type { EngineExec, ExecPlan } from "@porter-sandbox/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { textOf } from "../src/client.ts";
import { label } from "../src/names.ts";
import { type Bench, bench, forever, missing, newId, outputOf, plan } from "./fixture.ts";

const encode = (text: string) => new TextEncoder().encode(text);

describe.skipIf(missing !== undefined)("a command", () => {
  let here: Bench;
  const { id } = plan();

  beforeAll(async () => {
    here = bench();
    await here.engine.startSandbox(plan({ id, name: id, env: { GREETING: "hi" } }), forever);
  });
  afterAll(() => here.close());

  const start = (command: string[], options: Partial<ExecPlan> = {}) =>
    here.engine.exec(id, { exec_id: newId("ex"), command, stdin: false, ...options });
  const run = async (command: string[], options?: Partial<ExecPlan>) => outputOf(await start(command, options));

  /** Reads standard output until it holds a text. */
  async function until(exec: EngineExec, text: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const reader = exec.stdout.getReader();
    let found = "";
    while (!found.includes(text)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`ended with ${found}`);
      found += new TextDecoder().decode(value);
    }
    return reader;
  }
  const running = async (pattern: string) =>
    (await here.run(id, "sh", "-c", `ps | grep -c '[${pattern[0]}]${pattern.slice(1)}'`)).stdout;

  test("runs where, as whom and with what it was asked to", async () => {
    expect((await run(["pwd"], { cwd: "/tmp" })).stdout).toBe("/tmp\n");
    expect((await run(["id", "-u"], { user: "1234" })).stdout).toBe("1234\n");
    const variables = await run(["sh", "-c", "echo $GREETING $MORE"], { env: { MORE: "more" } });
    expect(variables.stdout).toBe("hi more\n");
    expect((await run(["sh", "-c", "echo $GREETING"], { env: { GREETING: "ho" } })).stdout).toBe("ho\n");
  });

  test("does not begin in a directory that is not there, or as somebody who is not", async () => {
    const nowhere = await run(["pwd"], { cwd: "/no/such" });
    expect(nowhere.exit_code).toBeGreaterThan(125);
    expect(nowhere.stderr).toContain("/no/such");
    const nobody = await run(["pwd"], { user: "no-such-user" });
    expect(nobody.exit_code).toBeGreaterThan(125);
    expect(nobody.stderr).toContain("no-such-user");
  });

  test("has a terminal of the size asked for, which can change", async () => {
    const first = await run(["sh", "-c", "sleep 0.5; stty size"], { tty: { rows: 33, cols: 99 } });
    expect([first.stdout, first.stderr]).toEqual(["33 99\r\n", ""]);
    const exec = await start(["sh", "-c", "trap 'stty size; exit 5' WINCH; echo ready; while :; do sleep 0.1; done"], {
      tty: { rows: 33, cols: 99 },
    });
    const reader = await until(exec, "ready");
    await exec.resize({ rows: 44, cols: 111 });
    let rest = "";
    for (let next = await reader.read(); !next.done; next = await reader.read())
      rest += new TextDecoder().decode(next.value);
    expect(rest).toContain("44 111");
    expect((await exec.exit).exit_code).toBe(5);
    await exec.resize({ rows: 1, cols: 1 });
  });

  test("reads what is typed into its terminal, and its end", async () => {
    const exec = await start(["sh", "-c", "stty -echo; echo ready; read line; echo got $line; cat; echo over"], {
      tty: { rows: 24, cols: 80 },
      stdin: true,
    });
    const reader = await until(exec, "ready");
    const writer = exec.stdin?.getWriter();
    await writer?.write(encode("words\n"));
    await writer?.close();
    let rest = "";
    for (let next = await reader.read(); !next.done; next = await reader.read())
      rest += new TextDecoder().decode(next.value);
    expect(rest.replaceAll("\r", "")).toBe("\ngot words\nover\n".trimStart());
  });

  test("gets signals as a group, and may live through them", async () => {
    const exec = await start([
      "sh",
      "-c",
      "trap 'echo caught' USR1; echo ready; sleep 0.4; sleep 0.4; sleep 0.4; exit 7",
    ]);
    const reader = await until(exec, "ready");
    await exec.signal("SIGUSR1");
    let rest = "";
    for (let next = await reader.read(); !next.done; next = await reader.read())
      rest += new TextDecoder().decode(next.value);
    expect(rest).toContain("caught");
    expect((await exec.exit).exit_code).toBe(7);
  });

  test("ends by a signal with the code that it leaves", async () => {
    const exec = await start(["sleep", "300"]);
    await exec.signal("SIGTERM");
    expect((await exec.exit).exit_code).toBe(143);
    await exec.signal("SIGTERM");
  });

  test("takes what it started with it when that was asked for, and only then", async () => {
    await run(["sh", "-c", "sleep 1001 >/dev/null 2>&1 &"]);
    expect(await running("sleep 1001")).toBe("1\n");
    // This one holds the output too, which would keep it open for as long.
    const exec = await start(["sh", "-c", "sleep 1002 & echo started"], { whole: true });
    expect((await outputOf(exec)).stdout).toBe("started\n");
    await expect.poll(() => running("sleep 1002"), { timeout: 10_000 }).toBe("0\n");
    expect(await running("sleep 1001")).toBe("1\n");
  });

  test("that left nothing has nothing looked for", async () => {
    const { id } = plan();
    await here.engine.startSandbox(plan({ id, name: id }), forever);
    const since = Math.floor(Date.now() / 1000);
    const whole = async (script: string) =>
      outputOf(
        await here.engine.exec(id, {
          ...{ exec_id: newId("ex"), stdin: false, whole: true },
          command: ["sh", "-c", script],
        }),
      );
    await whole("true");
    await whole("sleep 1003 & echo started");
    await expect.poll(async () => (await here.run(id, "ps", "-o", "args")).stdout).not.toContain("sleep 1003");
    const labels = [`${label.installation}=${here.installation}`, `${label.kind}=kill`];
    const query = { since, until: Math.ceil(Date.now() / 1000), filters: { event: ["create"], label: labels } };
    const made = await textOf(await here.client.stream("GET", "/events", { query }));
    expect(made.trim().split("\n")).toHaveLength(1);
    await here.engine.removeSandbox(id);
  });

  test("that starts while its sandbox ends is told just that, at whatever moment it is", {
    timeout: 180_000,
  }, async () => {
    for (let round = 0; round < 8; round += 1) {
      const { id } = plan();
      await here.engine.startSandbox(plan({ id, name: id }), forever);
      const commands = Array.from({ length: 3 }, async () => {
        const exec = await here.engine.exec(id, { exec_id: newId("ex"), command: ["sleep", "600"], stdin: false });
        void exec.stdout.cancel();
        void exec.stderr.cancel();
        return exec.exit;
      });
      const ends = Promise.allSettled(commands);
      await new Promise((resolve) => setTimeout(resolve, round * 12));
      await here.engine.stopSandbox(id);
      for (const end of await ends) {
        if (end.status === "rejected") expect(end.reason, String(end.reason)).toMatchObject({ code: "not_running" });
        else expect(end.value.exit_code).toBe(137);
      }
      await here.engine.removeSandbox(id);
    }
  });
});
