/** What a sandbox uses: samples come from the engine, percentiles are made here. */
import { parseMetricsWindow } from "@porter-sandbox/spec";
import type { components } from "@porter-sandbox/spec/types";
import type { EngineMetricSample } from "../engine.ts";
import { engineErrorOf, invalid, show, unsupported } from "../errors.ts";
import type { SandboxRecord } from "../store.ts";
import { sandboxOf } from "./lifecycle.ts";
import type { Plane } from "./plane.ts";
import { rfc3339 } from "./sandboxes.ts";

const HOUR_MS = 3_600_000;

const UNITS = {
  cpu_cores: "cores",
  mem_bytes: "bytes",
  network_rx_bytes_per_second: "bytes_per_second",
  network_tx_bytes_per_second: "bytes_per_second",
} as const;
export type MetricName = keyof typeof UNITS;

async function measured(plane: Plane, id: string): Promise<SandboxRecord> {
  const record = await sandboxOf(plane, id);
  if (!plane.engine.features.metrics) throw unsupported("metrics", `the engine ${plane.engine.name} does not measure`);
  return record;
}

async function samplesOf(
  plane: Plane,
  id: string,
  window: { start: number; end: number },
): Promise<EngineMetricSample[]> {
  try {
    return await plane.engine.metrics(id, window);
  } catch (error) {
    if (engineErrorOf(error)?.code === "not_found") return [];
    throw error;
  }
}

/** The smallest value that at least `part` of all values do not exceed; `sorted` is ascending. */
const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;

const percentOf = (value: number, limit: number): number => Math.round((value / limit) * 1000) / 10;

export async function metricsSummary(
  plane: Plane,
  id: string,
  since: string | undefined,
): Promise<components["schemas"]["MetricsSummary"]> {
  const window = since === undefined ? HOUR_MS : parseMetricsWindow(since);
  if (window === undefined) {
    throw invalid("since", `since: must be a Go duration from 3m to 24h (got ${show(since ?? "")})`);
  }
  const { resources } = await measured(plane, id);
  const end = plane.clock.now();
  const samples = await samplesOf(plane, id, { start: end - window, end });
  const sorted = (metric: MetricName) => samples.map((sample) => sample[metric]).sort((a, b) => a - b);
  const [cpu, memory] = [sorted("cpu_cores"), sorted("mem_bytes")];
  const [cpuLimit, memoryLimit] = [resources?.cpu_cores, resources?.memory_bytes];
  const [cpu50, cpu90] = [percentile(cpu, 0.5), percentile(cpu, 0.9)];
  const [memory50, memory90] = [percentile(memory, 0.5), percentile(memory, 0.9)];
  const has_data = samples.length > 0;
  return {
    window_seconds: window / 1000,
    has_data,
    ...(cpuLimit !== undefined && { cpu_limit_cores: cpuLimit }),
    ...(memoryLimit !== undefined && { mem_limit_bytes: memoryLimit }),
    ...(has_data && { cpu_cores_p50: cpu50, cpu_cores_p90: cpu90, mem_bytes_p50: memory50, mem_bytes_p90: memory90 }),
    ...(has_data &&
      cpuLimit && { cpu_util_p50_pct: percentOf(cpu50, cpuLimit), cpu_util_p90_pct: percentOf(cpu90, cpuLimit) }),
    ...(has_data &&
      memoryLimit && {
        mem_util_p50_pct: percentOf(memory50, memoryLimit),
        mem_util_p90_pct: percentOf(memory90, memoryLimit),
      }),
  };
}

export async function metricSeries(
  plane: Plane,
  id: string,
  query: { metric: MetricName; start_time_utc?: number | undefined; end_time_utc?: number | undefined },
): Promise<components["schemas"]["MetricsResponse"]> {
  const end = query.end_time_utc ?? plane.clock.now();
  const start = query.start_time_utc ?? end - HOUR_MS;
  if (start > end) {
    throw invalid("start_time_utc", `start_time_utc: must not be after end_time_utc (got ${show(rfc3339(start))})`);
  }
  await measured(plane, id);
  const samples = await samplesOf(plane, id, { start, end });
  const time_series = samples.map((sample) => ({
    timestamp_utc: rfc3339(sample.timestamp),
    value: sample[query.metric],
  }));
  return { results: [{ series: [{ labels: { sandbox_id: id }, unit: UNITS[query.metric], time_series }] }] };
}
