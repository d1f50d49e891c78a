import { describe, expect, it } from "vitest";
import { safeParse } from "zod/mini";
import { requestSchemas } from "../generated/requests.ts";
import { ErrorResponse, responseSchemas } from "../generated/responses.ts";
import { violationFromIssues } from "./issues.ts";
import { describeViolation } from "./violations.ts";

function refusal(operation: keyof typeof requestSchemas, body: unknown): string | undefined {
  const result = safeParse(requestSchemas[operation], body);
  return result.success ? undefined : describeViolation(violationFromIssues(result.error.issues, body));
}

describe("a request of the wrong shape", () => {
  it.each([
    [{ image: 7 }, "image: must be a string (got 7)"],
    [{ image: null }, "image: must be a string (got null)"],
    [{ networking: [{ port: "80" }] }, 'networking[0].port: must be a number (got "80")'],
    [{ networking: [{}] }, "networking[0].port: is required and must be a number"],
    [{ tags: [] }, "tags: must be an object (got an array)"],
    [{ command: "ls" }, 'command: must be an array (got "ls")'],
    [{ egress: {} }, "egress.allowed_destinations: is required and must be an array"],
    [
      { networking: [{ port: 8080, domains: [{ visibility: "x" }] }] },
      'networking[0].domains[0].visibility: must be one of "public", "private" (got "x")',
    ],
    [{ api_key: "hunter2" }, "api_key: is not a known field"],
    [{ resources: { gpu: "1" } }, "resources.gpu: is not a known field"],
    [{ env: { A: 42 } }, "env.A: must be a string"],
    [{ volume_mounts: { "/a": 1 } }, 'volume_mounts["/a"]: must be a string (got 1)'],
    [[], "body: must be an object (got an array)"],
    [null, "body: must be an object (got null)"],
    ["x".repeat(200), `body: must be an object (got "${"x".repeat(80)}…")`],
  ])("%j is named in words", (body, message) => expect(refusal("createSandbox", body)).toBe(message));

  it("says so when there is nothing to say", () => {
    expect(violationFromIssues([], {})).toMatchObject({ field: "body" });
  });
});

describe("an answer", () => {
  const status = { id: "s", name: "s", image: "i", phase: "running", created_at: "2026-11-20T09:30:00Z", host: "" };
  const judge = (value: unknown) => safeParse(responseSchemas.getSandbox, value);

  it("passes with unknown fields, unknown enum values, and null for what is absent", () => {
    expect(judge(status).success).toBe(true);
    expect(
      judge({ ...status, phase: "hibernating", gpu: 1, tags: null, exit_code: null, exec_target: null }).success,
    ).toBe(true);
    const entry = {
      name: "a",
      type: "socket",
      size_bytes: 0,
      entries: [{ name: "b", type: "file", size_bytes: 1, entries: null }],
    };
    expect(safeParse(responseSchemas.listVolumeFiles, { path: "/", truncated: false, entries: [entry] }).success).toBe(
      true,
    );
    expect(safeParse(ErrorResponse, { error: "x", code: "new_code" }).success).toBe(true);
  });

  it.each([
    [{ ...status, id: undefined }, "id"],
    [{ ...status, phase: 7 }, "phase"],
    [{ ...status, exit_code: "0" }, "exit_code"],
    [{ ...status, exec_target: { namespace: "n" } }, "exec_target.pod_name"],
    [[], "body"],
    ["", "body"],
  ])("%j fails at %s", (value, field) => {
    const { error } = judge(value);
    expect(violationFromIssues(error?.issues ?? [], value).field).toBe(field);
  });
});
