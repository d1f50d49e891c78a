/** What reads a file, in this machine's shell, on a directory that stands for the volume. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fold, readScript, root, sessionScript } from "./script.ts";

const [older, newer] = ["the old file", "a new one, and longer"];
const times = { older: 1_000_000_000, newer: 1_100_000_000 };
const shown = { older: `12 ${times.older}`, newer: `21 ${times.newer}` };

describe("a read", { timeout: 60_000 }, () => {
  let home: string;
  let volume: string;
  let children: ChildProcessWithoutNullStreams[];
  beforeEach(() => {
    children = [];
    home = realpathSync(mkdtempSync(join(tmpdir(), "read-script-")));
    volume = join(home, "volume");
    mkdirSync(join(volume, "d"), { recursive: true });
    mkdirSync(join(home, "bin"));
    put("d/file", older, times.older);
    put("new", newer, times.newer);
  });
  afterEach(() => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(home, { recursive: true });
  });

  function put(path: string, text: string, seconds: number) {
    writeFileSync(join(volume, path), text);
    execFileSync("touch", ["-d", `@${seconds}`, join(volume, path)]);
  }
  const replace = () => renameSync(join(volume, "new"), join(volume, "d/file"));
  /** Has the file replaced at the moment at which the script runs a program for the first time. */
  function replaceAt(program: string) {
    const real = execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
    const path = join(home, "bin", program);
    writeFileSync(path, `#!/bin/sh\n[ ! -e ${volume}/new ] || mv ${volume}/new ${volume}/d/file\nexec ${real} "$@"\n`);
    chmodSync(path, 0o755);
  }

  function start(script: string, ...args: string[]) {
    const child = spawn("sh", ["-c", script.replaceAll(root, volume), "files", ...args], {
      env: { ...process.env, PATH: `${home}/bin:${process.env.PATH}` },
    });
    children.push(child);
    let out = "";
    let said = "";
    child.stdout.on("data", (piece) => {
      out += piece;
    });
    child.stderr.on("data", (piece) => {
      said += piece;
    });
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    return {
      stdin: child.stdin,
      until: async (end: string) => {
        await expect.poll(() => out).toMatch(end);
        return out;
      },
      ended: async () => ({ code: await ended, out, said: said.trim() }),
    };
  }

  describe("by the session", () => {
    /** What is said of a file, its bytes, and how it went. */
    async function read(path: string, start_: number, length: number, seen = "") {
      const { stdin, ended } = start(sessionScript);
      const slash = path.lastIndexOf("/");
      const args = [path.slice(0, slash), path.slice(slash + 1), String(start_), String(length), seen];
      stdin.end(`${["read", ...args.map(fold)].join(" ")}\n`);
      const { out } = await ended();
      const [, ready = "", say = ""] = out.split("\0");
      const [, info, ...lines] = ready.split("\n");
      return { info, bytes: Buffer.from(lines.join(""), "base64").toString(), say: say.trim() };
    }

    it("gives all of a file that is small enough, and of another its size and time", async () => {
      expect(await read("/d/file", 0, 12)).toEqual({ info: shown.older, bytes: older, say: "ok" });
      expect(await read("/d/file", 0, 11)).toEqual({ info: shown.older, bytes: "", say: "ok" });
    });

    it("gives a part of a file that is as it was seen, and nothing of another", async () => {
      expect(await read("/d/file", 4, 3, shown.older)).toEqual({ info: shown.older, bytes: "old", say: "ok" });
      replace();
      expect(await read("/d/file", 4, 3, shown.older)).toEqual({ info: shown.newer, bytes: "", say: "ok" });
    });

    it.each([
      ["dd", shown.older, older],
      ["base64", shown.older, older],
      ["stat", shown.older, older],
      // It was opened and is not there any more: the one that is there is read.
      ["readlink", shown.newer, newer],
    ])("is of one file, though it is replaced when %s begins", async (program, info, bytes) => {
      replaceAt(program);
      expect(await read("/d/file", 0, 100)).toEqual({ info, bytes, say: "ok" });
      expect(await read("/d/file", 0, 100)).toEqual({ info: shown.newer, bytes: newer, say: "ok" });
    });

    it("says what cannot be read", async () => {
      symlinkSync("file", join(volume, "d/link"));
      expect((await read("/d", 0, 9)).say).toBe("is_a_directory");
      expect((await read("/d/none", 0, 9)).say).toBe("not_found");
      expect((await read("/d/link", 0, 9)).say).toBe("not_found");
      expect((await read("/d/file/x", 0, 9)).say).toBe("not_a_directory");
    });
  });

  describe("by a process of its own", () => {
    it("is of the file whose size and time were told, though it is replaced then", async () => {
      const { stdin, until, ended } = start(readScript, "/d", "file");
      expect(await until("\n")).toBe(`${shown.older}\n`);
      replace();
      stdin.end("4 8\n");
      expect(await ended()).toEqual({ code: 0, out: `${shown.older}\nold file`, said: "" });
    });

    it("is of the file that is there when it was replaced while it was opened", async () => {
      replaceAt("readlink");
      const { stdin, ended } = start(readScript, "/d", "file");
      stdin.end("0 21\n");
      expect(await ended()).toEqual({ code: 0, out: `${shown.newer}\n${newer}`, said: "" });
    });

    it("gives nothing when nothing is wanted", async () => {
      const { stdin, ended } = start(readScript, "/d", "file");
      stdin.end();
      expect(await ended()).toEqual({ code: 0, out: `${shown.older}\n`, said: "" });
    });

    it("says what cannot be read", async () => {
      symlinkSync("file", join(volume, "d/link"));
      const said = async (directory: string, name: string) => start(readScript, directory, name).ended();
      expect(await said("", "d")).toEqual({ code: 3, out: "", said: "is_a_directory" });
      expect(await said("/d", "none")).toEqual({ code: 3, out: "", said: "not_found" });
      expect(await said("/d", "link")).toEqual({ code: 3, out: "", said: "not_found" });
    });
  });
});
