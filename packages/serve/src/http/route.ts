/** Which operation a request asks for, for logs and metrics: a few names, whatever callers send. */
import { type OperationInfo, operations } from "@porter-sandbox/spec/operations";

export interface Route {
  /** `createSandbox`, …; `metrics` for this server's own; `none` where there is nothing. */
  readonly operation: string;
  /** The path with `{id}` in place of an id; undefined where there is nothing. */
  readonly path?: string;
  readonly id?: string;
}

interface Entry {
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly pattern: RegExp;
}

const entries: readonly Entry[] = Object.entries<OperationInfo>(operations)
  .map(([operation, { method, path }]) => ({
    operation,
    method,
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "([^/]+)")}$`),
  }))
  // A fixed path comes before one with an id in the same place.
  .sort((a, b) => Number(a.path.includes("{")) - Number(b.path.includes("{")));

export const METRICS_PATH = "/metrics";

const ID = /^[\w.-]{1,64}$/;

/** The path of a request target, without its query. */
export const pathOf = (target: string): string => target.replace(/^[a-z]+:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "");

export function routeOf(method: string, target: string): Route {
  const path = pathOf(target);
  if (path === METRICS_PATH) return { operation: "metrics", path };
  const asked = method === "HEAD" ? "GET" : method;
  for (const entry of entries) {
    const match = entry.method === asked ? entry.pattern.exec(path) : null;
    if (match === null) continue;
    const [, id] = match;
    // What is no id may be anything, also something that does not belong in a log.
    return { operation: entry.operation, path: entry.path, ...(id !== undefined && ID.test(id) && { id }) };
  }
  return { operation: "none" };
}
