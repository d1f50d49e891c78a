import { parameters, routes, shapes, type Tables } from "@porter-sandbox/spec/compact";
import type { OperationId, OperationInfo } from "@porter-sandbox/spec/operations";

/** How an operation travels. */
export interface Route extends Pick<OperationInfo, "method" | "path" | "retry" | "auth"> {
  /** The shape of the JSON that is sent, or `bytes` or `none`. */
  readonly body: string;
  /** The shape of the JSON that is answered, or `bytes` or `none`. */
  readonly response: string;
  /** The names of what its path is filled with. */
  readonly names: readonly string[];
}

const known: { [Id in OperationId]?: Route } = {};

/** Taking a row of the table apart once is enough. */
export function routeOf(id: OperationId): Route {
  const found = known[id];
  if (found) return found;
  const [method, path, response, body = "none", retry = "safe", open] = (routes[id] ?? "").split(" ");
  const names = Array.from(path?.matchAll(/{(\w+)}/g) ?? [], ([, name]) => name);
  const route = { method, path, response, body, retry, auth: !open, names } as Route;
  known[id] = route;
  return route;
}

/**
 * Makes the operations of a part of the API known: from then on they can be called as any other. A module in `extras/` does
 * it while it loads, with the tables in `@porter-sandbox/spec/parts/…`.
 */
export function addOperations(tables: Tables): void {
  Object.assign(shapes, tables.shapes);
  Object.assign(routes, tables.routes);
  Object.assign(parameters, tables.parameters);
}

/** Whether what is sent or answered is JSON: shapes have names in capitals. */
export const isJson = (kind: string): boolean => kind < "a";
