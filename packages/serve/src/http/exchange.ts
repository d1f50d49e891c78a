/** Requests under way: each is counted, and logged with one line when it has ended. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log, LogLevel } from "../log.ts";
import type { RequestMetrics } from "./metrics.ts";
import { type Route, routeOf } from "./route.ts";

export interface Exchange {
  readonly route: Route;
  readonly requestId: string;
  /** Of the answer's body, sent so far. */
  bytes: number;
}

export interface Exchanges {
  begin(incoming: IncomingMessage, outgoing: ServerResponse): void;
  of(outgoing: ServerResponse): Exchange;
  /** Those that have not ended. */
  readonly open: ReadonlySet<ServerResponse>;
  /** Resolves when none is left, or after `ms` milliseconds. */
  drained(ms: number): Promise<void>;
}

export const newRequestId = (): string => `req-${randomUUID()}`;

const REQUEST_ID = /^[\w.:/+=@-]{1,128}$/;

const levelOf = (status: number | undefined): LogLevel => {
  if (status === undefined || status < 500) return "info";
  return status === 503 ? "warn" : "error";
};

export function createExchanges(log: Log, metrics: RequestMetrics): Exchanges {
  const exchanges = new WeakMap<ServerResponse, Exchange>();
  const open = new Set<ServerResponse>();
  let onEmpty = (): void => {};

  const create = (incoming: IncomingMessage): Exchange => {
    const given = incoming.headers["x-request-id"];
    const requestId = typeof given === "string" && REQUEST_ID.test(given) ? given : newRequestId();
    return { route: routeOf(incoming.method ?? "", incoming.url ?? ""), requestId, bytes: 0 };
  };

  return {
    open,
    begin(incoming, outgoing) {
      const began = performance.now();
      const exchange = create(incoming);
      const { operation, path, id } = exchange.route;
      exchanges.set(outgoing, exchange);
      open.add(outgoing);
      metrics.began(operation);
      outgoing.once("close", () => {
        open.delete(outgoing);
        const ms = performance.now() - began;
        const status = outgoing.headersSent ? outgoing.statusCode : undefined;
        const whole = outgoing.writableFinished;
        const { bytes } = exchange;
        metrics.ended({ operation, status: whole ? String(status) : "aborted", seconds: ms / 1000, bytes });
        log(levelOf(status), "request", {
          request_id: String(outgoing.getHeader("X-Request-Id") ?? exchange.requestId),
          method: incoming.method,
          operation,
          ...(path !== undefined && { route: path }),
          ...(id !== undefined && { id }),
          ...(status !== undefined && { status }),
          ms: Math.round(ms * 10) / 10,
          bytes,
          ...(!whole && { aborted: true }),
        });
        if (open.size === 0) onEmpty();
      });
    },
    of(outgoing) {
      const exchange = exchanges.get(outgoing) ?? create(outgoing.req);
      exchanges.set(outgoing, exchange);
      return exchange;
    },
    drained(ms) {
      if (open.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
