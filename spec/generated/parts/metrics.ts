// Made from openapi.yaml by `npm run generate`. Do not edit.
// The client's view, as small as it can be.

import type { Tables } from "../compact.ts";

export const tables: Tables = {
  shapes: {
    MetricsSummary: "window_seconds:# has_data:! cpu_cores_p50?:# cpu_cores_p90?:# cpu_limit_cores?:# cpu_util_p50_pct?:# cpu_util_p90_pct?:# mem_bytes_p50?:# mem_bytes_p90?:# mem_limit_bytes?:# mem_util_p50_pct?:# mem_util_p90_pct?:#",
    MetricsResponse: "results:[MetricResult",
    MetricResult: "series:[MetricSeries",
    MetricSeries: "labels?:{ unit? time_series:[MetricPoint",
    MetricPoint: "timestamp_utc value:#",
  },
  routes: {
    getSandboxMetricsSummary: "GET /v1/sandbox/{id}/metrics-summary MetricsSummary",
    getSandboxMetrics: "GET /v1/sandbox/{id}/metrics MetricsResponse",
  },
  parameters: {
    getSandboxMetricsSummary: "since?:$",
    getSandboxMetrics: "metric:~ start_time_utc?:@ end_time_utc?:@",
  },
};
