import { routes } from "@porter-sandbox/spec/compact";
import type { OperationId, OperationInfo } from "@porter-sandbox/spec/operations";

/** How an operation travels. */
export type Route = Pick<OperationInfo, "method" | "path" | "retry" | "body" | "response" | "auth">;

const known: { [Id in OperationId]?: Route } = {};

export function routeOf(id: OperationId): Route {
  const found = known[id];
  if (found) return found;
  const [method, path, retry, body, response, open] = routes[id].split(" ");
  const route = { method, path, retry, body, response, auth: !open } as Route;
  known[id] = route;
  return route;
}

/** The ids of all operations. */
export const operationIds = (): OperationId[] => Object.keys(routes) as OperationId[];
