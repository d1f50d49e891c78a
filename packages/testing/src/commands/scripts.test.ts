import { describe, expect, it } from "vitest";
import { alone } from "../../test/command-processes.ts";
import { createVirtualClock } from "../clock.ts";
import { contentFrom, streamOf } from "../memory/content.ts";
import { createMemoryEngine } from "../memory/engine.ts";
import { createFileTree } from "../memory/files.ts";
import type { CommandCall } from "./command.ts";
import { type CommandAnswer, createCommands } from "./scripts.ts";

const clock = createVirtualClock({ start: 0 });

function call(command: string[], changes: Partial<CommandCall> = {}) {
  const output = { stdout: "", stderr: "" };
  const made: CommandCall = {
    command,
    sandbox: { id: "s", name: "n", image: "i", env: {} },
    env: {},
    cwd: "/",
    files: createFileTree(() => 0),
    clock,
    processes: alone,
    signal: new AbortController().signal,
    stdout: (data) => {
      output.stdout += data;
    },
    stderr: (data) => {
      output.stderr += data;
    },
    give: (data) => {
      output.stdout += new TextDecoder().decode(data);
    },
    flushed: async () => {},
    ...changes,
  };
  return { made, output };
}

function setUp() {
  const mistakes: unknown[] = [];
  const made = createCommands(
    (each) => {
      each.stderr("otherwise");
      return 99;
    },
    (mistake) => mistakes.push(mistake),
  );
  return { ...made, mistakes };
}

describe("a scripted command", () => {
  it.each([
    ["npm test", ["npm", "test"], true],
    ["npm test", ["npm", "test", "--watch"], false],
    ["npm test", ["sh", "-c", "npm test"], true],
    ["npm test", ["/bin/bash", "-lc", "npm test"], true],
    ["npm test", ["sh", "npm test"], false],
    [["git", "clone"], ["git", "clone", "url"], true],
    [["git", "clone"], ["git"], false],
    [/^python3? /, ["python", "x.py"], true],
    [/x\.py$/g, ["sh", "-c", "cd /a && python x.py"], true],
    [({ sandbox }: { sandbox: { name: string } }) => sandbox.name === "n", ["any"], true],
    [() => false, ["any"], false],
  ])("%j fits %j: %s", async (matcher, command, fits) => {
    const { commands, run } = setUp();
    commands.on(matcher, { stdout: "scripted" });
    for (let again = 0; again < 2; again++) {
      const { made, output } = call(command);
      expect(await run(made)).toBe(fits ? 0 : 99);
      expect(output.stdout).toBe(fits ? "scripted" : "");
    }
  });

  it("is answered by the newest script, as often as it says, until it is taken back", async () => {
    const { commands, run } = setUp();
    const codes = async (count: number) => {
      const seen: number[] = [];
      for (let i = 0; i < count; i++) seen.push(await run(call(["x"]).made));
      return seen;
    };
    const off = commands.on("x", { exit_code: 1 });
    commands.on("x", { exit_code: 2 }, { times: 2 });
    expect(await codes(3)).toEqual([2, 2, 1]);
    off();
    expect(await codes(1)).toEqual([99]);
  });

  it("may look at what it was sent, and take its time", async () => {
    const { commands, run } = setUp();
    commands.on(["upper"], async ({ stdin, command }) => ({
      stdout: (await stdin()).toUpperCase() + command.length,
      delay_ms: 1000,
    }));
    const { made, output } = call(["upper", "x"], { stdin: streamOf(contentFrom("in")) });
    const code = run(made);
    await clock.advance(999);
    expect(output.stdout).toBe("");
    await clock.advance(1);
    expect([await code, output.stdout]).toEqual([0, "IN2"]);
  });

  it.each([
    [{ exit_code: -1 }, "exit_code: must be a whole number from 0 to 255 (got -1)"],
    [{ exit_code: 300 }, "exit_code: must be a whole number from 0 to 255 (got 300)"],
    [{ exit_code: 1.5 }, "exit_code: must be a whole number from 0 to 255 (got 1.5)"],
    [{ exitCode: 3 }, 'answer: must have no fields but stdout, stderr, exit_code, delay_ms (got "exitCode")'],
    [{ stdout: 5 }, "stdout: must be a string or bytes (got 5)"],
    [{ stderr: null }, "stderr: must be a string or bytes (got null)"],
    [{ delay_ms: -1 }, "delay_ms: must be a number of at least 0 (got -1)"],
    [undefined, "answer: must be an object (got undefined)"],
    ["text", 'answer: must be an object (got "text")'],
  ])("cannot answer %j", async (answer, message) => {
    const { commands, run, mistakes } = setUp();
    expect(() => commands.on("x", answer as CommandAnswer)).toThrow(new TypeError(message));
    commands.on("x", () => answer as CommandAnswer);
    await expect(run(call(["x"]).made)).rejects.toThrow(new TypeError(message));
    expect(mistakes).toEqual([new TypeError(message)]);
  });

  it("is told of when it throws, and is not when it was killed", async () => {
    const { commands, run, mistakes } = setUp();
    const mistake = new Error("a script's own");
    commands.on("x", () => {
      throw mistake;
    });
    await expect(run(call(["x"]).made)).rejects.toBe(mistake);
    expect(mistakes).toEqual([mistake]);
    commands.on("x", async ({ sleep }) => {
      await sleep(1000);
      return {};
    });
    const killer = new AbortController();
    const killed = run(call(["x"], { signal: killer.signal }).made);
    killer.abort();
    await expect(killed).rejects.toThrow("abort");
    expect(mistakes).toEqual([mistake]);
  });

  it("that is killed is listed with that end, whatever it still does", async () => {
    const { commands, run } = setUp();
    let goOn = () => {};
    commands.on("deaf", async () => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return { exit_code: 3 };
    });
    const engine = createMemoryEngine({ clock, run });
    const never = new AbortController().signal;
    const plan = { image: "busybox", env: {}, volume_mounts: {} };
    const ends = { s1: "SIGKILL", s2: "SIGTERM", s3: undefined };
    for (const [id, signal] of Object.entries(ends)) {
      await engine.startSandbox({ ...plan, id, name: id }, never);
      const exec = await engine.exec(id, { exec_id: "e", command: ["deaf"], stdin: false });
      await Promise.resolve();
      if (signal === undefined) await engine.evict(id);
      else await exec.signal?.(signal);
      await exec.exit.catch(() => {});
    }
    const expected = [137, 143, undefined];
    expect(commands.runs().map(({ exit_code }) => exit_code)).toEqual(expected);
    goOn();
    await clock.advance(0);
    expect(commands.runs().map(({ exit_code }) => exit_code)).toEqual(expected);
  });

  it("is listed with what ran, in order, with its end", async () => {
    const { commands, run } = setUp();
    commands.on("slow", { delay_ms: 5000 });
    const slow = run(call(["slow"]).made);
    await run(call(["other"]).made);
    expect(commands.runs()).toEqual([
      { sandbox_id: "s", command: ["slow"] },
      { sandbox_id: "s", command: ["other"], exit_code: 99 },
    ]);
    await clock.advance(5000);
    await slow;
    commands.clear();
    expect(commands.runs()).toEqual([]);
    expect(await run(call(["slow"]).made)).toBe(99);
  });
});
