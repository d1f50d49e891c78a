/** What the server counts, in the text format that Prometheus reads (version 0.0.4). */

export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Follows the metric's name: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

const line = (name: string, { suffix = "", labels = {}, value }: Sample): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
};

export function renderMetrics(metrics: readonly Metric[]): string {
  const blocks = metrics.map(({ name, type, help, samples }) =>
    [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.map((sample) => line(name, sample))].join("\n"),
  );
  return `${blocks.join("\n")}\n`;
}

/** Upper bounds in seconds. An exec takes as long as its command, a read a millisecond. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

interface Times {
  readonly counts: number[];
  sum: number;
  count: number;
}

export interface RequestMetrics {
  began(operation: string): void;
  /** `status` is text, since some requests end without one. */
  ended(request: { operation: string; status: string; seconds: number; bytes: number }): void;
  readonly metrics: () => Metric[];
}

export function createRequestMetrics(): RequestMetrics {
  const inFlight = new Map<string, number>();
  const totals = new Map<string, { labels: { operation: string; status: string }; value: number }>();
  const times = new Map<string, Times>();
  let bytesSent = 0;
  return {
    began(operation) {
      inFlight.set(operation, (inFlight.get(operation) ?? 0) + 1);
    },
    ended({ operation, status, seconds, bytes }) {
      inFlight.set(operation, (inFlight.get(operation) ?? 1) - 1);
      bytesSent += bytes;
      const key = `${operation} ${status}`;
      const total = totals.get(key) ?? { labels: { operation, status }, value: 0 };
      totals.set(key, total);
      total.value += 1;
      const time = times.get(operation) ?? { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
      times.set(operation, time);
      time.sum += seconds;
      time.count += 1;
      const first = BUCKETS.findIndex((bound) => seconds <= bound);
      if (first !== -1) time.counts[first] = (time.counts[first] ?? 0) + 1;
    },
    metrics: () => [
      {
        name: "porter_sandbox_http_requests_total",
        type: "counter",
        help: "Requests answered, by operation and status; aborted when the client went away before.",
        samples: [...totals.values()],
      },
      {
        name: "porter_sandbox_http_request_duration_seconds",
        type: "histogram",
        help: "From the first byte of a request to the last of its answer.",
        samples: [...times].flatMap(([operation, time]) => samplesOf(operation, time)),
      },
      {
        name: "porter_sandbox_http_requests_in_flight",
        type: "gauge",
        help: "Requests under way, by operation.",
        samples: [...inFlight].map(([operation, value]) => ({ labels: { operation }, value })),
      },
      {
        name: "porter_sandbox_execs_in_flight",
        type: "gauge",
        help: "Commands that callers wait for.",
        samples: [{ value: inFlight.get("execSandbox") ?? 0 }],
      },
      {
        name: "porter_sandbox_http_response_body_bytes_total",
        type: "counter",
        help: "Bytes of bodies sent.",
        samples: [{ value: bytesSent }],
      },
    ],
  };
}

function samplesOf(operation: string, { counts, sum, count }: Times): Sample[] {
  let upTo = 0;
  const buckets = BUCKETS.map((bound, n): Sample => {
    upTo += counts[n] ?? 0;
    return { suffix: "_bucket", labels: { operation, le: String(bound) }, value: upTo };
  });
  return [
    ...buckets,
    { suffix: "_bucket", labels: { operation, le: "+Inf" }, value: count },
    { suffix: "_sum", labels: { operation }, value: sum },
    { suffix: "_count", labels: { operation }, value: count },
  ];
}
