/** The routes on hono: the table of operations, and what is answered where it has none. */

import { type OperationId, type OperationInfo, operations } from "@porter-sandbox/spec/operations";
import { type Context, Hono } from "hono";
import type { Plane } from "../control/plane.ts";
import { ApiError, engineErrorOf, errorResponse, notFound, type Refusal } from "../errors.ts";
import { type Handler, handlers } from "./routes.ts";

type App = (request: Request) => Promise<Response>;

const INTERNAL: Refusal = { status: 500, code: "internal", message: "something went wrong in the server" };

/** Anything that was not meant for the caller is reported, and the caller told no more than that it happened. */
export function refusalOf(error: unknown, report: (error: unknown) => void): Refusal {
  if (error instanceof ApiError) return error.refusal;
  const refused = engineErrorOf(error);
  if (refused?.code === "unsupported") return { status: 422, code: "unsupported", message: refused.message };
  report(error);
  return INTERNAL;
}

/** Fixed paths before those with an id in the same place: `/v1/sandbox/counts` is no sandbox, whatever the method. */
const fixedFirst = (a: string, b: string): number => Number(a.includes("{")) - Number(b.includes("{"));

const notAllowed = (methods: readonly string[]): Response => {
  const Allow = methods.flatMap((method) => (method === "GET" ? [method, "HEAD"] : [method])).join(", ");
  const message = `the method must be one of ${Allow}`;
  return errorResponse({ status: 405, code: "method_not_allowed", message, headers: { Allow } });
};

/** Does not reject: whatever goes wrong in a handler becomes a response. */
export function createApp(plane: Plane): App {
  const run = async (handler: Handler, context: Context): Promise<Response> => {
    const param = (name: string) => context.req.param(name) ?? "";
    try {
      return await handler({ plane, request: context.req.raw, id: param("id"), exec_id: param("exec_id") });
    } catch (error) {
      return errorResponse(refusalOf(error, plane.report));
    }
  };
  const paths = new Map<string, [method: string, Handler][]>();
  for (const [id, { method, path, extension }] of Object.entries<OperationInfo>(operations)) {
    if (extension !== undefined && !plane.extensions) continue;
    paths.set(path, [...(paths.get(path) ?? []), [method, handlers[id as OperationId]]]);
  }
  const app = new Hono();
  for (const path of [...paths.keys()].sort(fixedFirst)) {
    const pattern = path.replaceAll(/\{(\w+)\}/g, ":$1");
    const served = paths.get(path) ?? [];
    for (const [method, handler] of served) app.on(method, pattern, (context) => run(handler, context));
    app.all(pattern, () => notAllowed(served.map(([method]) => method)));
  }
  app.notFound(() => errorResponse(notFound("there is nothing at this path").refusal));
  app.onError((error) => errorResponse(refusalOf(error, plane.report)));
  return async (request) => app.fetch(request);
}
