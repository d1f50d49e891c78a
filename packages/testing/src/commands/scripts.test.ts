import { describe, expect, it } from "vitest";
import { createVirtualClock } from "../clock.ts";
import { contentFrom, streamOf } from "../memory-content.ts";
import { createFileTree } from "../memory-files.ts";
import type { CommandCall } from "./command.ts";
import { createCommands } from "./scripts.ts";
import { alone } from "./test-support.ts";

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
  return createCommands((each) => {
    each.stderr("otherwise");
    return 99;
  });
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

  it.each([-1, 256, 1.5])("cannot end with %s", async (exit_code) => {
    const { commands, run } = setUp();
    commands.on("x", { exit_code });
    await expect(run(call(["x"]).made)).rejects.toThrow("exit_code: must be a whole number");
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
