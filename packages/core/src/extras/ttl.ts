/** How long a sandbox lives, where the server can change it. */
import { checkExtendTtl } from "@porter-sandbox/spec";
import { tables } from "@porter-sandbox/spec/parts/lifetime";
import type { Client } from "../transport/client.ts";
import { call, checkCall, type RequestParts } from "../transport/request.ts";
import { addOperations } from "../transport/routes.ts";
import { type CallOptions, shared } from "../transport/scope.ts";
import type { StatusResponse } from "../types.ts";
import { addRules } from "../validation.ts";
import { need } from "./capabilities.ts";

addOperations(tables);
addRules({ extendSandboxTtl: ({ body }) => checkExtendTtl(body) });

/** @throws {UnsupportedError} when the server cannot do it; then it was not asked to. */
export async function extendTtl(
  client: Client,
  id: string,
  ttl_seconds: number,
  options: CallOptions | undefined,
): Promise<StatusResponse> {
  const parts = { path: { id }, body: { ttl_seconds } };
  checkCall("extendSandboxTtl", parts, options);
  const whole = shared(client, options);
  await need(client, "lifetime", "extendTtl", whole);
  return call(client, "extendSandboxTtl", parts, whole);
}

/**
 * Before a create with an idle timeout. Answers the options for it: what is left of its time.
 * @throws {UnsupportedError} when the server knows none.
 */
export async function needIdleTimeouts(
  client: Client,
  parts: RequestParts,
  options?: CallOptions,
): Promise<CallOptions> {
  checkCall("createSandbox", parts, options);
  const whole = shared(client, options);
  await need(client, "lifetime", "idle_timeout_seconds", whole);
  return whole;
}
