import { equal, isInteger, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import { body, refused } from "../http.ts";

const units: Record<string, string> = {
  cpu_cores: "cores",
  mem_bytes: "bytes",
  network_rx_bytes_per_second: "bytes_per_second",
  network_tx_bytes_per_second: "bytes_per_second",
};

interface Series {
  labels?: Record<string, string>;
  unit?: string;
  time_series: { timestamp_utc: string; value: number }[];
}

export const metrics = casesOf("metrics", {
  "a summary tells its window, and whether it has data": {
    needs: ["metrics"],
    run: async (c) => {
      const { id } = await c.running();
      for (const [since, seconds] of [
        ["3m", 180],
        ["1h", 3600],
        ["1h30m", 5400],
        ["24h", 86_400],
      ] as const) {
        const answer = body(await c.http("GET", `/v1/sandbox/${id}/metrics-summary`, { query: { since } }));
        equal(answer.window_seconds, seconds, `window_seconds of ${since}`);
        equal(typeof answer.has_data, "boolean", "type of has_data");
      }
    },
  },

  "a summary shows use beside the limits": {
    needs: ["metrics", "resources", "control"],
    run: async (c) => {
      const volume = await c.volume();
      await c.put(volume.id, "/file", new Uint8Array(1_500_000));
      const { id } = await c.running({
        resources: { cpu: "2", memory: "16Mi" },
        volume_mounts: { "/mnt/data": volume.id },
      });
      equal((await c.exec(id, ["cp", "/mnt/data/file", "/tmp/file"])).exit_code, 0, "exit_code of cp");
      await c.control.advance(300_000);
      const answer = body(await c.http("GET", `/v1/sandbox/${id}/metrics-summary`, { query: { since: "10m" } }));
      equal(answer.has_data, true, "has_data");
      equal([answer.cpu_limit_cores, answer.mem_limit_bytes], [2, 16 * 1024 ** 2], "limits");
      ok(answer.cpu_cores_p90 >= answer.cpu_cores_p50, "cpu_cores_p90: expected no less than p50");
      ok(answer.mem_bytes_p90 >= answer.mem_bytes_p50, "mem_bytes_p90: expected no less than p50");
      ok(answer.mem_bytes_p50 > 0, "mem_bytes_p50: expected some");
      const share = (answer.mem_bytes_p50 / answer.mem_limit_bytes) * 100;
      ok(
        Math.abs(answer.mem_util_p50_pct - share) < 0.06,
        `mem_util_p50_pct: expected ${share}, got ${answer.mem_util_p50_pct}`,
      );
    },
  },

  "every metric has a series with its unit": {
    needs: ["metrics"],
    run: async (c) => {
      const { id } = await c.running();
      for (const metric of Object.keys(units)) {
        const answer = body(await c.http("GET", `/v1/sandbox/${id}/metrics`, { query: { metric } }));
        equal(answer.results.length, 1, `results of ${metric}`);
        const [series] = answer.results[0].series as Series[];
        ok(Array.isArray(series?.time_series), `${metric}: expected a series`);
        if (series.unit !== undefined) equal(series.unit, units[metric], `unit of ${metric}`);
      }
    },
  },

  "samples lie within the time that was asked for, oldest first": {
    needs: ["metrics", "control"],
    run: async (c) => {
      const { id } = await c.running();
      await c.control.advance(600_000);
      const now = timeOf((await c.status((await c.create()).id)).created_at, "created_at");
      const [start, end] = [now - 400_000, now - 100_000];
      const query = {
        metric: "mem_bytes",
        start_time_utc: new Date(start).toISOString(),
        end_time_utc: new Date(end).toISOString(),
      };
      const answer = body(await c.http("GET", `/v1/sandbox/${id}/metrics`, { query }));
      const points = (answer.results[0].series as Series[]).flatMap(({ time_series }) => time_series);
      ok(points.length > 1, `points: expected some, got ${points.length}`);
      const times = points.map(({ timestamp_utc }) => timeOf(timestamp_utc, "timestamp_utc"));
      equal(
        [...times].sort((a, b) => a - b),
        times,
        "times, oldest first",
      );
      ok((times[0] ?? 0) >= start && (times.at(-1) ?? 0) <= end, `times: expected them in the window, got ${times}`);
    },
  },

  "a sandbox that ended keeps its metrics": {
    needs: ["metrics"],
    run: async (c) => {
      const { id } = await c.running();
      await c.http("DELETE", `/v1/sandbox/${id}`);
      body(await c.http("GET", `/v1/sandbox/${id}/metrics-summary`));
      body(await c.http("GET", `/v1/sandbox/${id}/metrics`, { query: { metric: "cpu_cores" } }));
    },
  },

  "windows against the rules are refused and named": {
    needs: ["metrics"],
    run: async (c) => {
      const { id } = await c.create();
      for (const since of ["2m59s", "24h1s", "soon", "-1h", "0"]) {
        const answer = await c.http("GET", `/v1/sandbox/${id}/metrics-summary`, { query: { since } });
        refused(answer, 400, "invalid_request", { field: "since", says: [since] });
      }
    },
  },

  "metrics against the rules are refused and named": {
    needs: ["metrics"],
    run: async (c) => {
      const { id } = await c.create();
      const [start_time_utc, end_time_utc] = ["2030-01-02T00:00:00Z", "2030-01-01T00:00:00Z"];
      for (const [query, field] of [
        [{}, "metric"],
        [{ metric: "disk" }, "metric"],
        [{ metric: "cpu_cores", start_time_utc: "noon" }, "start_time_utc"],
        [{ metric: "cpu_cores", end_time_utc: "noon" }, "end_time_utc"],
        [{ metric: "cpu_cores", start_time_utc, end_time_utc }, /_time_utc/],
      ] as const) {
        refused(await c.http("GET", `/v1/sandbox/${id}/metrics`, { query }), 400, "invalid_request", { field });
      }
    },
  },

  "an unknown sandbox has no metrics": {
    needs: ["metrics"],
    run: async (c) => {
      const path = "/v1/sandbox/no-such-sandbox";
      refused(await c.http("GET", `${path}/metrics-summary`), 404, "not_found", { says: ["no-such-sandbox"] });
      const query = { metric: "cpu_cores" };
      refused(await c.http("GET", `${path}/metrics`, { query }), 404, "not_found", { says: ["no-such-sandbox"] });
    },
  },

  "an engine without metrics refuses": {
    needs: ["refuses_unsupported"],
    run: async (c) => {
      if (c.has("metrics")) return;
      const { id } = await c.create();
      refused(await c.http("GET", `/v1/sandbox/${id}/metrics-summary`), 422, "unsupported");
      refused(await c.http("GET", `/v1/sandbox/${id}/metrics`, { query: { metric: "cpu_cores" } }), 422, "unsupported");
    },
  },

  "the client reads metrics": {
    needs: ["metrics"],
    run: async (c) => {
      const { name } = await c.running({ name: c.name() });
      const sandbox = await c.porter().sandboxes.get(name);
      equal((await sandbox.metricsSummary({ since: "5m" })).window_seconds, 300, "window_seconds");
      isInteger((await sandbox.metrics({ metric: "cpu_cores" })).results.length, "results");
      await rejects(
        sandbox.metrics({ metric: "" }),
        { name: "InvalidRequestError", field: "metric", statusCode: undefined },
        "a metric without a name",
      );
    },
  },
});
