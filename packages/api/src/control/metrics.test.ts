import { expect, test } from "vitest";
import { createHarness } from "../../test/harness.ts";

const sample = (timestamp: number, cpu: number, memory: number) => ({
  timestamp,
  cpu_cores: cpu,
  mem_bytes: memory,
  network_rx_bytes_per_second: 1,
  network_tx_bytes_per_second: 2,
});

test("the summary gives percentiles beside the limits", async () => {
  const { ask, run, engine, clock } = createHarness();
  const id = await run({ resources: { cpu: "2", memory: "1000" } });
  for (let i = 1; i <= 10; i += 1) engine.samples.push(sample(clock.now() + i * 1000, i / 10, i * 100));
  clock.jump(20_000);
  expect((await ask("GET", `/v1/sandbox/${id}/metrics-summary?since=5m`)).body).toEqual({
    window_seconds: 300,
    has_data: true,
    cpu_cores_p50: 0.5,
    cpu_cores_p90: 0.9,
    cpu_limit_cores: 2,
    cpu_util_p50_pct: 25,
    cpu_util_p90_pct: 45,
    mem_bytes_p50: 500,
    mem_bytes_p90: 900,
    mem_limit_bytes: 1000,
    mem_util_p50_pct: 50,
    mem_util_p90_pct: 90,
  });
  clock.jump(3_600_000);
  expect((await ask("GET", `/v1/sandbox/${id}/metrics-summary`)).body).toEqual({
    window_seconds: 3600,
    has_data: false,
    cpu_limit_cores: 2,
    mem_limit_bytes: 1000,
  });
});

test("a series holds the samples between two times", async () => {
  const { ask, run, engine, clock } = createHarness();
  const id = await run();
  for (let i = 0; i < 3; i += 1) engine.samples.push(sample(clock.now() + i * 1000, i, 0));
  const query = "metric=cpu_cores&start_time_utc=2026-01-02T03:04:06Z&end_time_utc=2026-01-02T04:00:00Z";
  expect((await ask("GET", `/v1/sandbox/${id}/metrics?${query}`)).body).toEqual({
    results: [
      {
        series: [
          {
            labels: { sandbox_id: id },
            unit: "cores",
            time_series: [
              { timestamp_utc: "2026-01-02T03:04:06.000Z", value: 1 },
              { timestamp_utc: "2026-01-02T03:04:07.000Z", value: 2 },
            ],
          },
        ],
      },
    ],
  });
});

test("windows and names that are none are refused, and an engine that does not measure says so", async () => {
  const { ask, run } = createHarness();
  const id = await run();
  for (const since of ["2m59s", "24h1s", "x", "1d"]) {
    expect((await ask("GET", `/v1/sandbox/${id}/metrics-summary?since=${since}`)).status).toBe(400);
  }
  for (const query of ["", "metric=disk", "metric=cpu_cores&start_time_utc=2026-03-01T00:00:00Z"]) {
    expect((await ask("GET", `/v1/sandbox/${id}/metrics?${query}`)).status).toBe(400);
  }
  expect((await ask("GET", "/v1/sandbox/none/metrics-summary")).status).toBe(404);
  const without = createHarness({ features: { metrics: false } });
  const other = await without.run();
  expect((await without.ask("GET", `/v1/sandbox/${other}/metrics-summary`)).status).toBe(422);
  expect((await without.ask("GET", `/v1/sandbox/${other}/metrics?metric=mem_bytes`)).status).toBe(422);
});
