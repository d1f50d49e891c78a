import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { ARGUMENT_BYTES, type CommandInput, compileCommand, LONGEST_INPUT_BYTES } from "./compile.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "compile-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A shell each: whatever images have as `sh`. */
const shells = [
  { name: "sh", argv: ["sh"] },
  ...(existsSync("/bin/bash") ? [{ name: "bash as sh", argv: ["bash", "--posix"] }] : []),
  ...(existsSync("/bin/busybox") ? [{ name: "busybox", argv: ["/bin/busybox", "sh"] }] : []),
];

function run(input: CommandInput, shell = ["sh"]) {
  const compiled = compileCommand(input);
  const argv = compiled.argv[0] === "sh" ? [...shell, ...compiled.argv.slice(1)] : compiled.argv;
  const [program = "", ...args] = argv;
  const { stdout, stderr, status } = spawnSync(program, args, { cwd: folder, maxBuffer: 2 ** 26 });
  const end = { stdout: stdout.toString("utf8"), stderr: stderr.toString("utf8"), exit_code: status ?? -1 };
  return { ...end, bytes: stdout, refusal: compiled.refusal(end) };
}

const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => !value.includes("\0"));
const hostile = fc.oneof(
  text.map((value) => Buffer.from(value, "utf8").toString("utf8")),
  fc.constantFrom(
    "",
    "$(touch x)",
    "`id`",
    "'",
    '"',
    "-n",
    "--",
    "a b",
    "*",
    "\n",
    "\\",
    "x=y",
    "$HOME",
    "%s",
    "'; exit 9 #",
  ),
);

describe("a command without anything around it", () => {
  it("is sent as it is", () => {
    expect(compileCommand({ command: ["ls", "-l", "$HOME"] }).argv).toEqual(["ls", "-l", "$HOME"]);
    expect(compileCommand({ command: "ls | wc -l" }).argv).toEqual(["sh", "-c", "ls | wc -l"]);
    expect(compileCommand({ command: ["x"], cwd: undefined, env: {}, user: undefined }).argv).toEqual(["x"]);
    expect(compileCommand({ command: ["-odd"] }).argv).toEqual(["-odd"]);
  });
});

describe.each(shells)("what is wrapped around a command, in $name", ({ argv: shell }) => {
  it("never changes an argument, a variable, or the input", () => {
    fc.assert(
      fc.property(
        fc.array(hostile, { maxLength: 6 }),
        hostile,
        fc.uint8Array({ maxLength: 60 }),
        fc.boolean(),
        (args, value, stdin, here) => {
          const end = run(
            {
              command: ["sh", "-c", 'printf "%s\\0" "$VALUE" "$@"; cat', "sh", ...args],
              env: { VALUE: value },
              stdin,
              ...(here && { cwd: "/" }),
            },
            shell,
          );
          const expected = Buffer.concat([Buffer.from([value, ...args, ""].join("\0"), "utf8"), stdin]);
          expect(end.bytes.equals(expected)).toBe(true);
          expect(end.stderr).toBe("");
        },
      ),
      { seed: 7, numRuns: 60 },
    );
  });

  it("starts in the directory, whatever it is called", () => {
    fc.assert(
      fc.property(
        hostile.map((name) => name.replaceAll("/", "_")).filter((name) => !/^\.{0,2}$/.test(name) && name.length < 60),
        (name) => {
          spawnSync("mkdir", ["-p", "--", join(folder, name)]);
          const absolute = run({ command: "pwd", cwd: join(folder, name), env: { CDPATH: "/" } }, shell);
          expect(absolute.stdout).toBe(`${join(folder, name)}\n`);
        },
      ),
      { seed: 7, numRuns: 25 },
    );
  });

  it("passes the exit code on, also one that it has itself", () => {
    for (const exit_code of [0, 1, 125, 126, 127, 137])
      expect(run({ command: `exit ${exit_code}`, cwd: "/", env: { A: "1" }, stdin: "x" }, shell)).toMatchObject({
        exit_code,
        refusal: undefined,
      });
  });

  it("says when the directory is not there, and runs nothing", () => {
    const end = run({ command: ["touch", join(folder, "ran")], cwd: "/no/such" }, shell);
    expect(end.refusal).toMatchObject({ name: "InvalidRequestError", field: "cwd" });
    expect(existsSync(join(folder, "ran"))).toBe(false);
  });

  it("is the user it is told to be, or says why not", () => {
    const root = process.getuid?.() === 0;
    const me = spawnSync("id", ["-un"]).stdout.toString().trim();
    expect(run({ command: "id -un", user: me }, shell).stdout.trim()).toBe(me);
    expect(run({ command: "id -u", user: String(process.getuid?.()) }, shell).refusal).toBeUndefined();
    expect(run({ command: "id", user: "nobody-of-this-name" }, shell).refusal).toMatchObject({
      name: "InvalidRequestError",
      field: "user",
    });
    const other = run(
      { command: ["sh", "-c", 'id -un; printf "%s." "$@"; pwd', "sh", "-c", "a b", "--"], user: "nobody", cwd: "/" },
      shell,
    );
    if (root) expect(other.stdout).toBe("nobody\n-c.a b.--./\n");
    else expect(other.refusal).toMatchObject({ name: "UnsupportedError", field: "user" });
    const number = run({ command: "id -u", user: "4242" }, shell);
    // Busybox has a setpriv that cannot become anybody.
    if (root && shell[0] !== "/bin/busybox") expect(number.stdout).toBe("4242\n");
    else expect(number.refusal).toMatchObject({ name: "UnsupportedError", field: "user" });
  });

  it("does not take the command's own words for a refusal", () => {
    const compiled = compileCommand({ command: ["x"], cwd: "/" }, "token");
    expect(compiled.refusal({ exit_code: 126, stderr: "\nother cwd\n" })).toBeUndefined();
    expect(compiled.refusal({ exit_code: 1, stderr: "\ntoken cwd\n" })).toBeUndefined();
    expect(compiled.refusal({ exit_code: 126, stderr: "x\ntoken cwd\n" })).toMatchObject({ field: "cwd" });
  });
});

it("a PATH of the caller's is for the command, and not for its shell", () => {
  expect(run({ command: "echo $PATH", env: { PATH: "/nowhere" } }).stdout).toBe("/nowhere\n");
});

it("input goes up to what arguments carry, in pieces", () => {
  const bytes = new Uint8Array(ARGUMENT_BYTES * 2 + 1).map((_, index) => index * 7);
  expect(run({ command: ["cat"], stdin: bytes }).bytes.equals(bytes)).toBe(true);
  const argv = compileCommand({ command: ["cat"], stdin: new Uint8Array(LONGEST_INPUT_BYTES) }).argv;
  expect(Math.max(...argv.map((word) => word.length))).toBeLessThan(128 * 1024);
  expect(JSON.stringify(argv).length).toBeLessThan(1024 * 1024);
});

it.each<[string, Record<string, unknown>, RegExp]>([
  ["an empty line", { command: " " }, /^command: /],
  ["no words", { command: [] }, /^command: /],
  ["no program", { command: ["", "x"] }, /^command\[0\]: /],
  ["a word that is none", { command: ["x", 1] }, /^command\[1\]: /],
  ["a NUL", { command: ["x", "a\0b"] }, /^command\[1\]: /],
  ["a program like an option", { command: ["-x"], cwd: "/" }, /^command\[0\]: /],
  ["a program like an assignment", { command: ["a=b"], env: { A: "" } }, /^command: /],
  ["an empty directory", { command: ["x"], cwd: "" }, /^cwd: /],
  ["a relative directory", { command: ["x"], cwd: "srv" }, /^cwd: must be an absolute path \(got "srv"\)$/],
  ["a variable's name", { command: ["x"], env: { "A-B": "secret" } }, /^env: "A-B" /],
  ["a variable's value", { command: ["x"], env: { A: "secret\0" } }, /^env\.A: /],
  ["a user's name", { command: ["x"], user: "-l root" }, /^user: .*got "-l root"/],
  ["a group", { command: ["x"], user: "1000:1000" }, /^user: a group/],
  ["too long an input", { command: ["x"], stdin: new Uint8Array(LONGEST_INPUT_BYTES + 1) }, /^stdin: /],
])("refuses %s, and keeps values to itself", (_, input, message) => {
  expect(() => compileCommand(input as unknown as CommandInput)).toThrow(message);
  expect(() => compileCommand(input as unknown as CommandInput)).not.toThrow(/secret/);
});
