/** The handlers of commands: run and waited for, or streamed and found again as processes. */
import { checkExec } from "@porter-sandbox/spec";
import { checkExecOptions, checkKill, checkTtySize } from "@porter-sandbox/spec/exec-options";
import type { OperationId } from "@porter-sandbox/spec/operations";
import { EXEC_STREAM_TYPE } from "@porter-sandbox/spec/stream-frames";
import type { components } from "@porter-sandbox/spec/types";
import { execInSandbox } from "../control/exec.ts";
import {
  getProcess,
  listProcesses,
  readProcessOutput,
  resizeProcess,
  signalProcess,
  startProcess,
  writeProcessInput,
} from "../control/processes.ts";
import { tooLarge } from "../errors.ts";
import { json, none } from "./answers.ts";
import { declaredLength, readJson, refuse } from "./body.ts";
import { readQuery } from "./query.ts";
import type { Handler } from "./routes.ts";

/** No cache and no proxy may keep or hold back what is meant to arrive as it comes. */
const frames = (body: ReadableStream<Uint8Array> | null): Response =>
  new Response(body as ReadableStream<Uint8Array<ArrayBuffer>> | null, {
    headers: { "Content-Type": EXEC_STREAM_TYPE, "Cache-Control": "no-store", "X-Accel-Buffering": "no" },
  });

const asksForFrames = ({ headers }: Request): boolean =>
  (headers.get("Accept") ?? "")
    .split(",")
    .some((type) => type.split(";")[0]?.trim().toLowerCase() === EXEC_STREAM_TYPE);

type ExecOperation = Extract<
  OperationId,
  "execSandbox" | `${string}Process` | `${string}Processes` | `${string}Process${string}`
>;

export const execHandlers: Readonly<Record<ExecOperation, Handler>> = {
  async execSandbox({ plane, request, id }) {
    const body = await readJson<"execSandbox", components["schemas"]["ExecRequest"]>(
      "execSandbox",
      request,
      plane.limits.bodyBytes,
      { check: (body) => checkExec(body) ?? checkExecOptions(body) },
    );
    const { stdin = false, max_output_bytes, ...command } = body;
    const option = plane.extensions ? undefined : Object.keys(body).find((name) => name !== "command");
    if (option !== undefined) refuse({ field: option, value: undefined, rule: "is not a known field" });
    const streamed = plane.extensions && asksForFrames(request);
    if (streamed && max_output_bytes !== undefined) {
      refuse({
        field: "max_output_bytes",
        value: max_output_bytes,
        rule: "must not be set where the answer is streamed",
      });
    }
    if (streamed) return frames(await startProcess(plane, id, { ...command, stdin }));
    if (stdin) refuse({ field: "stdin", value: true, rule: "must not be set unless the answer is streamed" });
    return json(await execInSandbox(plane, id, { ...command, stdin, max_output_bytes }, request.signal));
  },
  listProcesses: async ({ plane, id }) => json(await listProcesses(plane, id)),
  getProcess: async ({ plane, id, exec_id }) => json(await getProcess(plane, id, exec_id)),
  readProcessOutput: async ({ plane, request, id, exec_id }) =>
    frames(
      await readProcessOutput(plane, id, exec_id, {
        ...readQuery("readProcessOutput", request.url),
        bodyless: request.method === "HEAD",
      }),
    ),
  async writeProcessInput({ plane, request, id, exec_id }) {
    const { offset, eof = false } = readQuery("writeProcessInput", request.url);
    if ((declaredLength(request) ?? 0) > plane.limits.fileBytes) throw tooLarge(plane.limits.fileBytes);
    const { body, signal } = request;
    return json(await writeProcessInput(plane, id, exec_id, body, { offset, eof, signal }));
  },
  async killProcess({ plane, request, id, exec_id }) {
    const { signal = "SIGKILL" } = await readJson<"killProcess", components["schemas"]["KillRequest"]>(
      "killProcess",
      request,
      plane.limits.bodyBytes,
      { check: checkKill, optional: true },
    );
    await signalProcess(plane, id, exec_id, signal);
    return none();
  },
  async resizeProcess({ plane, request, id, exec_id }) {
    const size = await readJson<"resizeProcess", components["schemas"]["TtySize"]>(
      "resizeProcess",
      request,
      plane.limits.bodyBytes,
      { check: checkTtySize },
    );
    await resizeProcess(plane, id, exec_id, size);
    return none();
  },
};
