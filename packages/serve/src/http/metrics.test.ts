import { expect, test } from "vitest";
import { createRequestMetrics, renderMetrics } from "./metrics.ts";

test("requests are counted by operation and status, and their times add up in buckets", () => {
  const { began, ended, metrics } = createRequestMetrics();
  for (const seconds of [0.0005, 0.02, 400]) {
    began("execSandbox");
    ended({ operation: "execSandbox", status: seconds > 1 ? "500" : "200", seconds, bytes: 10 });
  }
  began("execSandbox");
  const lines = renderMetrics(metrics()).split("\n");
  for (const line of [
    'porter_sandbox_http_requests_total{operation="execSandbox",status="200"} 2',
    'porter_sandbox_http_requests_total{operation="execSandbox",status="500"} 1',
    'porter_sandbox_http_request_duration_seconds_bucket{operation="execSandbox",le="0.001"} 1',
    'porter_sandbox_http_request_duration_seconds_bucket{operation="execSandbox",le="0.025"} 2',
    'porter_sandbox_http_request_duration_seconds_bucket{operation="execSandbox",le="300"} 2',
    'porter_sandbox_http_request_duration_seconds_bucket{operation="execSandbox",le="+Inf"} 3',
    'porter_sandbox_http_request_duration_seconds_count{operation="execSandbox"} 3',
    'porter_sandbox_http_requests_in_flight{operation="execSandbox"} 1',
    "porter_sandbox_execs_in_flight 1",
    "porter_sandbox_http_response_body_bytes_total 30",
    "# TYPE porter_sandbox_http_request_duration_seconds histogram",
  ]) {
    expect(lines).toContain(line);
  }
  expect(lines.at(-1)).toBe("");
});

test("labels are escaped", () => {
  const samples = [{ labels: { a: 'q" b\\ n\n' }, value: 1 }];
  expect(renderMetrics([{ name: "m", type: "gauge", help: "h", samples }])).toContain('m{a="q\\" b\\\\ n\\n"} 1\n');
});
