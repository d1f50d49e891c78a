import { routes } from "@porter-sandbox/spec/compact";
import type { OperationId, OperationInfo } from "@porter-sandbox/spec/operations";

/** How an operation travels. */
export type Route = Pick<OperationInfo, "method" | "path" | "retry" | "body" | "response" | "auth">;

export function routeOf(id: OperationId): Route {
  const [method, path, retry, body, response, open] = routes[id].split(" ");
  return { method, path, retry, body, response, auth: !open } as Route;
}

/** The ids of all operations. */
export const operationIds = (): OperationId[] => Object.keys(routes) as OperationId[];
