import { describe, expect, it } from "vitest";
import "../extras/exec-options.ts";
import { json, refusal, status } from "../../test/answers.ts";
import { rejection, setUp } from "../../test/scripted-client.ts";
import { turn } from "../../test/step-clock.ts";
import { CommandTimeoutError, SandboxNotRunningError } from "../index.ts";

const answered = { stdout: "hi\n", stderr: "", exit_code: 0 };
const result = { ...answered, reason: "unknown" };
const waiting = (phase: string) => refusal(409, "sandbox_not_running", { phase });

describe("exec", () => {
  it("answers output and exit code; a nonzero one is no error", async () => {
    const { porter, sent } = setUp([json({ ...answered, exit_code: 3, stdout_truncated: true })]);
    const answer = await porter.sandboxes.fromId("sbx-1").exec(["sh", "-c", "exit 3"]);
    expect(answer).toEqual({ ...result, exit_code: 3, stdout_truncated: true });
    expect(sent[0]?.body).toBe('{"command":["sh","-c","exit 3"]}');
  });

  it("waits while the sandbox is queued or being created, then runs the command once", async () => {
    const { porter, sent, clock } = setUp([
      waiting("queued"),
      waiting("creating"),
      waiting("creating"),
      json(answered),
    ]);
    const before = clock.now();
    expect(await clock.settle(porter.sandboxes.fromId("sbx-1").exec(["x"]))).toEqual(result);
    expect(sent).toHaveLength(4);
    expect(clock.now() - before).toBeCloseTo(100 + 160 + 256);
    expect(clock.pending).toBe(0);
  });

  it("waits at most 2 s at a time, for as long as it takes", async () => {
    const { porter, sent, clock } = setUp([...Array.from({ length: 100 }, () => waiting("queued")), json(answered)]);
    await clock.settle(porter.sandboxes.fromId("sbx-1").exec(["x"]));
    expect(sent).toHaveLength(101);
  });

  it.each(["succeeded", "failed", "terminated", "hibernating"])("fails at once when it is %s", async (phase) => {
    const { porter, sent } = setUp([waiting(phase)]);
    const error = await rejection(porter.sandboxes.fromId("sbx-1").exec(["x"]));
    expect(error).toBeInstanceOf(SandboxNotRunningError);
    expect(error).toMatchObject({ phase, admitted: false, statusCode: 409 });
    expect(sent).toHaveLength(1);
  });

  it("asks for the phase when the refusal does not say it", async () => {
    const bare = refusal(409);
    const { porter, sent, clock } = setUp([
      bare,
      json(status({ phase: "creating" })),
      bare,
      json(status()),
      json(answered),
    ]);
    expect(await clock.settle(porter.sandboxes.fromId("sbx-1").exec(["x"]))).toEqual(result);
    expect(sent.map(({ method }) => method)).toEqual(["POST", "GET", "POST", "GET", "POST"]);
    const over = setUp([bare, json(status({ phase: "terminated" }))]);
    expect(await rejection(over.porter.sandboxes.fromId("sbx-1").exec(["x"]))).toMatchObject({
      name: "SandboxNotRunningError",
      phase: "terminated",
      message: expect.stringContaining("409"),
    });
  });

  it("does not go round for ever when a running sandbox refuses", async () => {
    const { porter, sent, clock } = setUp([refusal(409), json(status()), refusal(409), json(status())]);
    await rejection(clock.settle(porter.sandboxes.fromId("sbx-1").exec(["x"])));
    expect(sent).toHaveLength(4);
  });

  it("passes another conflict on", async () => {
    const { porter, sent } = setUp([refusal(409, "something_else")]);
    expect(await rejection(porter.sandboxes.fromId("a").exec(["x"]))).toMatchObject({ name: "ConflictError" });
    expect(sent).toHaveLength(1);
  });

  it("says that the command never started when the time is up before", async () => {
    const { porter, clock } = setUp([refusal(404), waiting("queued")]);
    const error = await rejection(clock.settle(porter.sandboxes.fromId("a").exec(["x"], { timeoutMs: 5000 })));
    expect(error).toBeInstanceOf(CommandTimeoutError);
    expect(error).toMatchObject({ admitted: false, killed: false, retryable: true, cause: { phase: "queued" } });
  });

  it("sends nothing more when its time is up: nobody would wait for that command", async () => {
    const times: number[] = [];
    const hooks = { onRequest: () => void times.push(clock.now() - began) };
    const { porter, clock } = setUp([refusal(404), waiting("queued")], { hooks });
    const began = clock.now();
    await rejection(clock.settle(porter.sandboxes.fromId("a").exec(["x"], { timeoutMs: 260 })));
    expect(clock.now() - began).toBe(260);
    expect(times).toEqual([0, 0, 100]);
    expect(clock.pending).toBe(0);
  });

  it("stops waiting when aborted", async () => {
    const controller = new AbortController();
    const { porter, clock, sent } = setUp([waiting("queued")]);
    const call = rejection(porter.sandboxes.fromId("a").exec(["x"], { signal: controller.signal }));
    await turn();
    controller.abort("enough");
    expect(await call).toBe("enough");
    expect(clock.pending).toBe(0);
    await turn();
    expect(sent).toHaveLength(1);
  });

  it.each([[[]], [[""]], [["a", 5]], [""], [["a\0"]], [undefined]])("refuses %j as a command", async (command) => {
    const { porter, sent } = setUp([json(answered)]);
    expect(await rejection(porter.sandboxes.fromId("a").exec(command as string[]))).toMatchObject({
      name: "InvalidRequestError",
      field: expect.stringMatching(/^command/),
      admitted: false,
    });
    expect(sent).toEqual([]);
  });
});
