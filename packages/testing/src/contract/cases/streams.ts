import { equal, includes, ok } from "../assert.ts";
import { casesOf } from "../case.ts";
import { frames, spawn } from "../frames.ts";
import { nothing, status } from "../http.ts";
import { processAt, putInput } from "../process-requests.ts";

export const streams = casesOf("streams", {
  "output and the end come in frames": {
    needs: ["exec_streams"],
    run: async (c) => {
      const { id } = await c.running();
      const good = await spawn(c, id, ["echo", "hello"]);
      const end = await good.end();
      equal(good.text, { stdout: "hello\n", stderr: "" }, "output");
      const expected = { type: "exit", exit_code: 0, reason: "exited", stdout_bytes: 6, stderr_bytes: 0 };
      equal(end, expected, "the end");
      const bad = await spawn(c, id, ["cat", "/no/such/file"]);
      const failed = await bad.end();
      includes(bad.text.stderr, "/no/such/file", "stderr");
      equal(bad.text.stdout, "", "stdout");
      ok(failed?.type === "exit" && failed.exit_code !== 0, "exit_code: expected another than 0");
    },
  },

  "output comes before the end": {
    needs: ["exec_streams", "processes"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["cat"], { stdin: true });
      status(await putInput(c, processAt(id, process.exec_id), 0, "first\n"), 200);
      await process.until(() => process.text.stdout === "first\n");
      equal(process.text.stdout, "first\n", "stdout while it runs");
      status(await putInput(c, processAt(id, process.exec_id), 6, "", true), 200);
      const end = await process.end();
      ok(end?.type === "exit" && end.exit_code === 0, "the end");
    },
  },

  "much output comes whole, also to a reader that rests": {
    needs: ["exec_streams"],
    run: async (c) => {
      const { id } = await c.running();
      const bytes = 20 * 1024 * 1024;
      const process = await spawn(c, id, ["head", "-c", String(bytes), "/dev/zero"]);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const end = await process.end();
      equal(process.text.stdout.length, bytes, "bytes of stdout");
      ok(end?.type === "exit" && end.stdout_bytes === bytes, "stdout_bytes of the end");
    },
  },

  "a quiet command of ten minutes is neither cut nor ended": {
    needs: ["exec_streams", "control"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "660"]);
      const lives = () => process.events.filter(({ type }) => type === "keepalive").length;
      for (let quarters = 1; quarters <= 40; quarters++) {
        await c.control.advance(15_000);
        await process.until(() => lives() >= quarters);
      }
      equal(process.events.length, lives() + 1, "events beside the start");
      await c.control.advance(60_000);
      const end = await process.end();
      ok(end?.type === "exit" && end.exit_code === 0 && end.reason === "exited", "the end");
    },
  },

  "a stream that is cut has no end": {
    needs: ["exec_streams", "control"],
    run: async (c) => {
      const { id } = await c.running();
      await c.fault("execSandbox", { kind: "cut_body", after_bytes: 120 });
      const process = await spawn(c, id, ["cat"], { stdin: true });
      const text = "0123456789".repeat(20);
      status(await putInput(c, processAt(id, process.exec_id), 0, text), 200);
      let cut = false;
      await process.end().catch(() => {
        cut = true;
      });
      ok(cut, "reading on: expected an error");
      ok(!process.events.some(({ type }) => type === "exit"), "events: expected no exit");
      ok(text.startsWith(process.text.stdout) && process.text.stdout !== text, "stdout: expected a part of it");
      const again = await frames(c, "GET", `${processAt(id, process.exec_id)}/output`);
      await again.until(() => again.text.stdout.length === text.length);
      equal(again.text.stdout, text, "stdout, read again");
    },
  },

  "an end that is not known is not made up": {
    needs: ["exec_streams", "control"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "600"]);
      await c.control.evict(id);
      const end = await process.end().catch(() => "broke" as const);
      const known = end === "broke" || end?.type === "sandbox_ended";
      ok(known, "the end: expected sandbox_ended, or a stream that breaks");
    },
  },

  "a command ends with its sandbox, and its reader is told": {
    needs: ["exec_streams"],
    run: async (c) => {
      const { id } = await c.running();
      const process = await spawn(c, id, ["sleep", "600"]);
      nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
      const end = await process.end();
      const known = end?.type === "sandbox_ended" || (end?.type === "exit" && end.exit_code === 137);
      ok(known, "the end: expected sandbox_ended, or an exit by SIGKILL");
    },
  },

  "a command whose time is over says so": {
    needs: ["exec_streams", "exec_options"],
    run: async (c) => {
      const { id } = await c.running();
      const end = await (await spawn(c, id, ["sleep", "600"], { timeout_ms: 300 })).end();
      ok(end?.type === "exit" && end.reason === "timed_out" && end.exit_code === 137, "the end: expected timed_out");
    },
  },
});
