import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import {
  JOBS_DIRECTORY,
  killScript,
  outputScript,
  quoted,
  readState,
  startScript,
  statusScript,
} from "./job-scripts.ts";

const folder = mkdtempSync(join(tmpdir(), "job-scripts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder each whose `sh` is the shell: whatever images have. */
const shells = ["dash", "bash", "busybox"].flatMap((name) => {
  const program = [`/bin/${name}`, `/usr/bin/${name}`].find(existsSync);
  if (program === undefined) return [];
  const bin = join(folder, name);
  mkdirSync(bin);
  symlinkSync(program, join(bin, "sh"));
  // The programs of small images too.
  if (name === "busybox")
    for (const tool of ["setsid", "mkdir", "mv", "chmod", "date", "wc", "head", "tail", "sleep", "printf"])
      symlinkSync(program, join(bin, tool));
  return [{ name, bin }];
});

const works = process.platform === "linux" && existsSync("/proc/self/stat");

describe.skipIf(!works).each(shells)("the scripts for jobs, by $name", { timeout: 30_000 }, ({ name, bin }) => {
  let made = 0;
  const started: string[] = [];
  const base = () => join(bin, `jobs-${made}`);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  const run = (argv: readonly string[], changes = {}) => {
    const [program = "", ...args] = argv.map((arg) => (arg === JOBS_DIRECTORY ? base() : arg));
    const { status, stdout, stderr } = spawnSync(program, args, { env: { ...env, ...changes }, encoding: "utf8" });
    return { status, stdout, stderr };
  };
  const start = (id: string, argv: string[], before: string[] = []) => {
    started.push(id);
    return run(startScript(id, argv, before)).stdout;
  };
  const look = (...ids: string[]) => run(statusScript("all", ids)).stdout.trimEnd().split("\n").map(readState);
  const kill = (id: string, signal = "KILL") => run(killScript(id, signal)).stdout;
  const file = (id: string, name: string) => join(base(), id, name);
  const read = (id: string, name: string) => readFileSync(file(id, name), "utf8");
  const until = async (probe: () => unknown) => {
    for (let tries = 0; !probe(); tries++) {
      if (tries > 500) throw new Error("never");
      await pause(10);
    }
  };
  const ended = (id: string) => until(() => look(id)[0]?.state !== "running");
  const runs = (id: string) => until(() => existsSync(file(id, "pid")));

  afterEach(() => {
    for (const id of started.splice(0)) kill(id);
    made += 1;
  });

  it("starts once, says how it ends, and keeps what it wrote", async () => {
    const words = ["a b", "it's", "x\ny", "", "$HOME", "\\"];
    const line = `printf '%s|' "$@"; echo err >&2; exit 3`;
    expect(start("one", ["sh", "-c", line, "sh", ...words])).toBe("porter-job started\n");
    expect(start("one", ["false"])).toBe("porter-job known\n");
    await ended("one");
    const [state] = look("one");
    const stdout = `${words.join("|")}|`;
    expect(state).toMatchObject({ id: "one", state: "exited", exit_code: 3, sent: [], stderr_bytes: 4 });
    expect(state?.stdout_bytes).toBe(stdout.length);
    expect(Math.abs((state?.started ?? 0) - Date.now() / 1000)).toBeLessThan(30);
    const { stdout: answer, stderr } = run(outputScript("one", 100));
    expect([answer.slice(answer.indexOf("\n") + 1), stderr]).toEqual([stdout, "err\n"]);
    const few = run(outputScript("one", 3));
    expect([few.stdout.slice(few.stdout.indexOf("\n") + 1), few.stderr]).toEqual([stdout.slice(-3), "rr\n"]);
    const none = run(outputScript("one", 0));
    expect([none.stdout.trim().split("\n").length, none.stderr]).toEqual([1, ""]);
  });

  it("answers while the job runs, with what it has written so far", async () => {
    const before = Date.now();
    start("long", ["sh", "-c", "echo first; sleep 600"]);
    expect(Date.now() - before).toBeLessThan(10_000);
    await until(() => (look("long")[0]?.stdout_bytes ?? 0) > 0);
    expect(look("long")[0]).toMatchObject({ state: "running", exit_code: undefined, finished: undefined });
    expect(run(outputScript("long", 100)).stdout).toMatch(/\nfirst\n$/);
    expect(run(statusScript("ended", ["long"])).stdout).toBe("");
  });

  it("starts nothing when what comes before it fails", () => {
    const refusal = run(startScript("no", ["true"], ["sh", "-c", "echo why >&2; exit 126"]));
    expect(refusal).toEqual({ status: 126, stdout: "", stderr: "why\n" });
    expect(look("no")[0]?.state).toBe("none");
  });

  it("says what it lacks", () => {
    writeFileSync(join(bin, "not-a-directory"), "");
    const argv = startScript("no", ["true"], []).map((arg) =>
      arg === JOBS_DIRECTORY ? join(bin, "not-a-directory/jobs") : arg,
    );
    expect(run(argv).stdout).toBe("porter-job no_directory\n");
    const bare = join(bin, "bare");
    mkdirSync(bare);
    symlinkSync(join(bin, "sh"), join(bare, "sh"));
    // A busybox has them in itself.
    const answer = run(startScript("no", ["true"], []), { PATH: bare }).stdout;
    expect(answer).toBe(name === "busybox" ? "porter-job started\n" : "porter-job no_setsid\n");
    started.push("no");
  });

  it("lists what there is, and nothing where there is nothing", async () => {
    expect(run(statusScript("all", []))).toEqual({ status: 0, stdout: "", stderr: "" });
    start("b", ["true"]);
    start("a", ["sleep", "600"]);
    await ended("b");
    expect(look().map((state) => [state?.id, state?.state])).toEqual([
      ["a", "running"],
      ["b", "exited"],
    ]);
    expect(look("b", "nobody", "a").map((state) => state?.state)).toEqual(["exited", "none", "running"]);
  });

  it("kills the command with all that it started, and what it has to say of that is not its output", async () => {
    // One that ignores what it can, and one that left the session.
    const line = `trap '' TERM; setsid sleep 612 & sleep 613 & echo $!; sleep 614`;
    start("tree", ["sh", "-c", line]);
    await until(() => (look("tree")[0]?.stdout_bytes ?? 0) > 0);
    kill("tree", "TERM");
    await pause(50);
    expect(look("tree")[0]?.state).toBe("running");
    kill("tree");
    await ended("tree");
    expect(look("tree")[0]).toMatchObject({ state: "exited", exit_code: 137, sent: ["TERM", "KILL"] });
    const left = () =>
      readdirSync("/proc").filter((pid) => {
        try {
          const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replace(/^.*busybox\0/, "");
          return /^sleep\0(612|613|614)\0/.test(words);
        } catch {
          return false;
        }
      });
    await until(() => left().length === 0);
    start("plain", ["sleep", "615"]);
    kill("plain");
    await ended("plain");
    expect(look("plain")[0]).toMatchObject({ exit_code: 137, stdout_bytes: 0, stderr_bytes: 0 });
    expect(kill("plain", "TERM")).toContain(" exited ");
    expect(look("plain")[0]?.sent).toEqual(["KILL"]);
  });

  it("does not take another process, or another time, for the job", async () => {
    start("one", ["sleep", "600"]);
    await runs("one");
    for (const change of [
      (text: string) => text.replace(/^\d+/, String(process.pid)),
      (text: string) => text.replace(/ (\d+) /, (_, born) => ` ${Number(born) + 1} `),
      (text: string) => text.replace(/\S+\n$/, "another-boot\n"),
    ]) {
      const [job, pid] = [read("one", "job"), read("one", "pid")];
      writeFileSync(file("one", "job"), change(job));
      writeFileSync(file("one", "pid"), change(pid));
      expect(look("one")[0]?.state).toBe("lost");
      expect(kill("one")).toContain(" lost ");
      writeFileSync(file("one", "pid"), pid);
      expect(look("one")[0]?.state).toBe("running");
      writeFileSync(file("one", "job"), job);
    }
  });

  it("decides that what has not begun never will, and keeps to it", async () => {
    const place = join(base(), "stuck");
    mkdirSync(place, { recursive: true });
    // Its starter is dead; what it started may still come.
    writeFileSync(join(place, "starter"), "1 1 boot\n");
    expect(look("stuck")[0]?.state).toBe("lost");
    const [, , , , , , , JOB = "", CHILD = ""] = startScript("stuck", [], []);
    const late = run(["sh", "-c", JOB, "sh", JOBS_DIRECTORY, "stuck", CHILD], { PORTER_JOB: "'touch' '/never'" });
    expect(late.status).not.toBe(0);
    expect(readdirSync(place)).not.toContain("stdout");
    expect(look("stuck")[0]?.state).toBe("lost");
    // While its starter lives it is on its way.
    rmSync(place, { recursive: true });
    mkdirSync(place);
    const starter = spawn("sleep", ["600"], { stdio: "ignore" });
    const fields = readFileSync(`/proc/${starter.pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    writeFileSync(join(place, "starter"), `${starter.pid} ${fields[19]} ${boot}\n`);
    expect(look("stuck")[0]?.state).toBe("running");
    starter.kill("SIGKILL");
    await until(() => look("stuck")[0]?.state === "lost");
  });

  it("starts one of many that come at once with the same id", async () => {
    const argv = startScript("same", ["sh", "-c", `echo ran >>${join(base(), "runs")}`], []);
    const args = argv.slice(1).map((arg) => (arg === JOBS_DIRECTORY ? base() : arg));
    const answers = await Promise.all(
      Array.from(
        { length: 8 },
        () =>
          new Promise<string>((resolve) => {
            let said = "";
            const child = spawn("sh", args, { env, stdio: ["ignore", "pipe", "ignore"] });
            child.stdout.on("data", (text) => {
              said += text;
            });
            child.on("close", () => resolve(said.trim()));
          }),
      ),
    );
    await ended("same");
    expect(answers.sort()).toEqual([...Array(7).fill("porter-job known"), "porter-job started"]);
    expect(readFileSync(join(base(), "runs"), "utf8")).toBe("ran\n");
  });

  it("hands on words as they are, whatever is in them", () => {
    // Some at a time: each look at them is a process.
    const word = fc.string({ unit: "binary", maxLength: 30 }).map((text) => text.replaceAll("\0", "").toWellFormed());
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        const line = `set -- ${quoted(words)}; for word; do printf '%s\\1' "$word"; done`;
        expect(run(["sh", "-c", line]).stdout).toBe(words.map((text) => `${text}\x01`).join(""));
      }),
      { numRuns: 10 },
    );
  });
});

describe("a line about a job", () => {
  it("is read field by field", () => {
    expect(readState("job-1 exited 1700000000 137 1700000009 TERM,KILL, 10 20")).toEqual({
      id: "job-1",
      state: "exited",
      started: 1_700_000_000,
      finished: 1_700_000_009,
      exit_code: 137,
      sent: ["TERM", "KILL"],
      stdout_bytes: 10,
      stderr_bytes: 20,
    });
    expect(readState("job-1 running - - - - 0 0")).toMatchObject({
      started: undefined,
      exit_code: undefined,
      sent: [],
    });
  });

  it.each(["", "job-1", "job-1 gone - - - - 0 0", "job-1 running - - - - 0", "x job-1 running - - - - 0 0"])(
    "is nothing else: %s",
    (line) => {
      expect(readState(line)).toBeUndefined();
    },
  );
});
