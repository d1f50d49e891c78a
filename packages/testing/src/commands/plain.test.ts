import { describe, expect, it } from "vitest";
import { alone } from "../../test/command-processes.ts";
import { createVirtualClock } from "../clock.ts";
import { bytesOf, contentFrom, streamOf, textOf } from "../memory/content.ts";
import { createFileTree } from "../memory/files.ts";
import { runPlain } from "./plain.ts";

const env = { PATH: "/bin", NAME: "value", HOSTNAME: "box" };

function setUp() {
  const clock = createVirtualClock({ start: 0 });
  const files = createFileTree(() => clock.now());
  files.write("/dir/two", contentFrom("one\ntwo\nthree"), { parents: true });
  files.write("/dir/.hidden", contentFrom(""));
  files.write("/bytes", contentFrom(Uint8Array.of(0, 255, 10, 254)));
  const output = { stdout: "", stderr: "" };
  const decoder = new TextDecoder("latin1");
  const encode = (data: string | Uint8Array) => decoder.decode(bytesOf(contentFrom(data)));
  const run = (command: string[], stdin?: string) => {
    Object.assign(output, { stdout: "", stderr: "" });
    return runPlain({
      command,
      sandbox: { id: "s", name: "n", image: "i", env: {} },
      env,
      cwd: "/dir",
      files,
      clock,
      signal: new AbortController().signal,
      processes: alone,
      ...(stdin !== undefined && { stdin: streamOf(contentFrom(stdin)) }),
      stdout: (data) => {
        output.stdout += encode(data);
      },
      give: (data) => {
        output.stdout += encode(data);
      },
      flushed: async () => {},
      stderr: (data) => {
        output.stderr += encode(data);
      },
    });
  };
  return { clock, files, run, output };
}

describe("the plain commands", () => {
  it.each([
    [["true"], "", 0],
    [["/bin/false"], "", 1],
    [["echo", "a  b", "c"], "a  b c\n", 0],
    [["echo", "-n", "a"], "a", 0],
    [["echo", "-e", "a\\tb\\n\\\\", "-n"], "a\tb\n\\ -n\n", 0],
    [["echo", "-ne", "a\\cb", "c"], "a", 0],
    [["echo", "-E", "a\\n", "-"], "a\\n -\n", 0],
    [["echo", "-x", "a"], "-x a\n", 0],
    [["printf", "%s=%d\\n%%", "a", "7"], "a=7\n%", 0],
    [["printf", "%s\\n", "a", "b"], "a\nb\n", 0],
    [["pwd"], "/dir\n", 0],
    [["hostname"], "box\n", 0],
    [["env"], "PATH=/bin\nNAME=value\nHOSTNAME=box\n", 0],
    [["printenv", "NAME", "NONE"], "value\n", 1],
    [["ls"], "two\n", 0],
    [["ls", "-A", "/dir"], ".hidden\ntwo\n", 0],
    [["ls", "/", "two"], "/:\nbytes\ndir\ntwo\n", 0],
    [["cat", "two"], "one\ntwo\nthree", 0],
    [["cat", "/bytes"], "\x00ÿ\nþ", 0],
    [["head", "-n", "1", "two"], "one\n", 0],
    [["head", "-2", "two"], "one\ntwo\n", 0],
    [["head", "-c", "2", "/bytes"], "\x00ÿ", 0],
    [["tail", "-n1", "two"], "three", 0],
    [["tail", "-c", "3", "two"], "ree", 0],
    [["wc", "two"], "2 3 13 two\n", 0],
    [["wc", "-l", "two", "/bytes"], "2 two\n1 /bytes\n3 total\n", 0],
    [["test", "-f", "two"], "", 0],
    [["test", "-d", "two"], "", 1],
    [["test", "!", "-e", "none"], "", 0],
    [["[", "a", "=", "a", "]"], "", 0],
    [["[", "2", "-gt", "10", "]"], "", 1],
    [["test", ""], "", 1],
  ])("%j puts out %j and ends with %i", async (command, stdout, exit_code) => {
    const { run, output } = setUp();
    expect(await run(command)).toBe(exit_code);
    expect(output).toEqual({ stdout, stderr: "" });
  });

  it.each([
    [["nope", "x"], 127, "nope: not found\n"],
    [["cat", "none"], 1, "cat: none: No such file or directory\n"],
    [["cat", "/dir"], 1, "cat: /dir: Is a directory\n"],
    [["head", "-c", "0", "/none"], 1, "head: /none: No such file or directory\n"],
    [["cp", "two", "/dir/../dir/two"], 1, "cp: 'two' and '/dir/../dir/two' are the same file\n"],
    [["mv", "two", "."], 1, "mv: 'two' and './two' are the same file\n"],
    [["echo", "-e", "\\x41"], 1, "echo: unsupported escape '\\x'\n"],
    [["cat", "/bytes/x"], 1, "cat: /bytes/x: Not a directory\n"],
    [["mkdir", "/dir"], 1, "mkdir: /dir: File exists\n"],
    [["mkdir", "/a/b"], 1, "mkdir: /a/b: No such file or directory\n"],
    [["rm", "/dir"], 1, "rm: /dir: Is a directory\n"],
    [["rm", ""], 1, "rm: '': No such file or directory\n"],
    [["rmdir", "/dir"], 1, "rmdir: /dir: the directory is not empty\n"],
    [["cp", "/dir", "/copy"], 1, "cp: -r not specified; omitting directory '/dir'\n"],
    [["ls", "--color"], 2, "ls: unsupported option '--color'\n"],
    [["head", "-n", "x", "two"], 1, "head: invalid number 'x'\n"],
    [["sleep", "soon"], 1, "sleep: invalid time interval 'soon'\n"],
    [["printf", "%x", "1"], 1, "printf: unsupported directive '%x'\n"],
    [["[", "a"], 2, "[: missing ']'\n"],
  ])("%j fails with %i and says %j", async (command, exit_code, stderr) => {
    const { run, output } = setUp();
    expect(await run(command)).toBe(exit_code);
    expect(output).toEqual({ stdout: "", stderr });
  });

  it("go on after an operand that they cannot take", async () => {
    const { run, output, files } = setUp();
    const missing = (name: string) => `${name}: none: No such file or directory\n`;
    for (const [command, stdout] of [
      [["cat", "two", "none", "/bytes"], "one\ntwo\nthree\x00ÿ\nþ"],
      [["head", "-n", "1", "none", "two"], "==> two <==\none\n"],
      [["tail", "-n", "1", "two", "none", "two"], "==> two <==\nthree\n==> two <==\nthree"],
      [["wc", "-l", "none", "two"], "2 two\n2 total\n"],
      [["ls", "none", "two"], "two\n"],
      [["rm", "none", "/dir/.hidden"], ""],
      [["cp", "none", "two", "/"], ""],
      [["mv", "none", "two", "/"], ""],
    ] as const) {
      expect([command, await run([...command])]).toEqual([command, 1]);
      expect([command, output]).toEqual([command, { stdout, stderr: missing(command[0]) }]);
    }
    for (const command of [
      ["mkdir", "/dir", "/new"],
      ["touch", "/none/a", "/new/a"],
      ["rmdir", "/two", "/dir"],
    ]) {
      expect([command, await run(command)]).toEqual([command, 1]);
    }
    expect(await run(["tee", "/none/a", "/new/b"], "in")).toBe(1);
    expect(files.list("/").map(({ name }) => name)).toEqual(["bytes", "new", "two"]);
    expect(files.list("/new").map(({ name, size }) => [name, size])).toEqual([
      ["a", 0],
      ["b", 2],
    ]);
  });

  it("copy the permissions of what is new", async () => {
    const { run, files } = setUp();
    files.touch("/bytes", { mode: 0o750 });
    files.touch("/dir", { mode: 0o700 });
    expect(await run(["cp", "/bytes", "/copy"])).toBe(0);
    expect(await run(["cp", "/bytes", "two"])).toBe(0);
    expect(await run(["cp", "-r", "/dir", "/more"])).toBe(0);
    expect(["/copy", "/dir/two", "/more"].map((path) => files.stat(path).mode)).toEqual([0o750, 0o644, 0o700]);
  });

  it("change files as they say", async () => {
    const { run, files } = setUp();
    for (const command of [
      ["mkdir", "-p", "/a/b"],
      ["cp", "two", "/a/b"],
      ["cp", "-r", "/a", "/copy"],
      ["mv", "/a/b/two", "/a/renamed"],
      ["cp", "/bytes", "/a/renamed"],
      ["touch", "/a/empty"],
      ["rm", "-r", "/a/b"],
      ["rm", "-f", "/none"],
      ["mv", "/a/empty", "/a/renamed", "/copy"],
    ]) {
      expect([command, await run(command)]).toEqual([command, 0]);
    }
    expect(files.list("/a")).toEqual([]);
    expect(files.list("/copy").map((entry) => [entry.name, entry.size])).toEqual([
      ["b", 0],
      ["empty", 0],
      ["renamed", 4],
    ]);
    expect(textOf(files.read("/copy/b/two"))).toBe("one\ntwo\nthree");
  });

  it("read their input", async () => {
    const { run, output, files } = setUp();
    await run(["cat", "-", "two"], "in:");
    expect(output.stdout).toBe("in:one\ntwo\nthree");
    await run(["tee", "-a", "two", "new"], "!");
    expect(output.stdout).toBe("!");
    expect(textOf(files.read("/dir/two"))).toBe("one\ntwo\nthree!");
    expect(textOf(files.read("/dir/new"))).toBe("!");
    await run(["cat"]);
    expect(output.stdout).toBe("");
  });

  it("sleep on the clock", async () => {
    const { run, clock } = setUp();
    let over = false;
    const slept = Promise.resolve(run(["sleep", "1.5m"])).then((code) => {
      over = true;
      return code;
    });
    await clock.advance(89_999);
    expect(over).toBe(false);
    await clock.advance(1);
    expect(await slept).toBe(0);
  });

  it("say how to get a shell instead of being half of one", async () => {
    const { run, output } = setUp();
    expect(await run(["sh", "-c", "echo x"])).toBe(127);
    expect(output.stderr).toContain("just-bash");
    expect(output.stdout).toBe("");
  });
});
