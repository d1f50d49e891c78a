/** What a sandbox uses. */
import { tables } from "@porter-sandbox/spec/parts/metrics";
import type { Client } from "../transport/client.ts";
import { call } from "../transport/request.ts";
import { addOperations } from "../transport/routes.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { MetricsQuery, MetricsResponse, MetricsSummary } from "../types.ts";

addOperations(tables);

/** One metric over time. */
export const metrics = (client: Client, id: string, query: MetricsQuery, options?: CallOptions) =>
  call<MetricsResponse>(client, "getSandboxMetrics", { path: { id }, query }, options);

/** Percentiles over a window. */
export const metricsSummary = (client: Client, id: string, query?: object, options?: CallOptions) =>
  call<MetricsSummary>(client, "getSandboxMetricsSummary", { path: { id }, query }, options);
