// Made from openapi.yaml by `npm run generate`. Do not edit.
// The client's view, as small as it can be.

import type { Tables } from "../compact.ts";

export const tables: Tables = {
  shapes: {
    KillRequest: "signal?",
    ProcessList: "processes:[ProcessResponse",
    ProcessResponse: "exec_id command:[ started_at tty:! stdin:! running:! finished_at? exit_code?:# signal? reason? stdout_bytes:# stderr_bytes:# stdin_bytes:#",
    StdinResponse: "stdin_bytes:#",
  },
  routes: {
    listProcesses: "GET /v1/sandbox/{id}/processes ProcessList",
    getProcess: "GET /v1/sandbox/{id}/processes/{exec_id} ProcessResponse",
    readProcessOutput: "GET /v1/sandbox/{id}/processes/{exec_id}/output bytes",
    writeProcessInput: "PUT /v1/sandbox/{id}/processes/{exec_id}/stdin StdinResponse bytes idempotent",
    killProcess: "POST /v1/sandbox/{id}/processes/{exec_id}/kill none KillRequest never",
    resizeProcess: "POST /v1/sandbox/{id}/processes/{exec_id}/resize none TtySize never",
  },
  parameters: {
    readProcessOutput: "stdout_offset?:# stderr_offset?:#",
    writeProcessInput: "offset:# eof?:!",
  },
};
