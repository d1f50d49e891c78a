// JSON requests over loopback: the client with everything it does by default (validation, time limits, retries) against a
// bare `fetch` that sends the same bytes and decodes the answer. Popular HTTP libraries stand beside it.

import type { paths } from "@porter-sandbox/spec/types";
import ky from "ky";
import createClient from "openapi-fetch";
import { request } from "undici";
import { compare, type Work } from "./harness.ts";
import { publishedClient } from "./packages.ts";
import { type Report, row } from "./report.ts";
import { startServer } from "./server.ts";

const spec = {
  image: "python:3.12-slim",
  name: "bench-sandbox",
  tags: { workflow: "bench", owner: "nobody" },
  command: ["python", "-c", "print('hello from a sandbox')"],
  env: { GREETING: "hello", LEVEL: "3" },
  volume_mounts: { "/data": "vol-01k4z6w0q9" },
  resources: { cpu: "500m", memory: "512Mi" },
  ttl_seconds: 300,
};
const apiKey = "bench-key-that-opens-nothing";
const path = { POST: "/v1/sandbox/run", GET: "/v1/sandbox/sb-01k4z6w0q8" };
type Method = keyof typeof path;

interface Sent {
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

const client = async (baseUrl: string, fetch?: typeof globalThis.fetch) => {
  const { Porter } = await publishedClient();
  return new Porter({ apiKey, baseUrl, fetch });
};

async function viaPorter(url: string, method: Method, fetch?: typeof globalThis.fetch): Promise<Work> {
  const porter = await client(url, fetch);
  if (method === "POST") return { run: () => porter.sandboxes.create(spec), close: () => porter.close() };
  const sandbox = await porter.sandboxes.create(spec);
  return { run: () => sandbox.refresh(), close: () => porter.close() };
}

/** What the client puts on the wire, seen at its own `fetch`, so that every other subject sends exactly the same. */
async function whatPorterSends(url: string, method: Method): Promise<Sent> {
  let sent: Sent = { headers: {}, body: undefined };
  const work = await viaPorter(url, method, (input, init) => {
    sent = { headers: Object.fromEntries(new Headers(init?.headers)), body: init?.body };
    return fetch(input, init);
  });
  await work.run();
  await work.close?.();
  return sent;
}

/** With `timeoutMs` it gives up after that time, as every call of the client does. */
function bareFetch(url: string, method: Method, { headers }: Sent, timeoutMs?: number): Work {
  return {
    run: async () => {
      const body = method === "POST" ? JSON.stringify(spec) : null;
      const signal = timeoutMs === undefined ? null : AbortSignal.timeout(timeoutMs);
      const response = await fetch(url + path[method], { method, headers, body, signal });
      if (!response.ok) throw new Error(`status ${response.status}`);
      return response.json();
    },
  };
}

const subjects: Record<string, (url: string, method: Method, sent: Sent) => Work | Promise<Work>> = {
  porter: (url, method) => viaPorter(url, method),
  fetch: (url, method, sent) => bareFetch(url, method, sent),
  "fetch with a time limit": (url, method, sent) => bareFetch(url, method, sent, 60_000),
  ky: (prefix, method, { headers }) => {
    const api = ky.create({ prefix, headers });
    const route = path[method].slice(1);
    return { run: () => (method === "POST" ? api.post(route, { json: spec }) : api.get(route)).json() };
  },
  "openapi-fetch": (baseUrl, method, { headers }) => {
    const api = createClient<paths>({ baseUrl, headers });
    const params = { path: { id: "sb-01k4z6w0q8" } };
    return {
      run: async () => {
        const { data, error } =
          method === "POST"
            ? await api.POST("/v1/sandbox/run", { body: spec })
            : await api.GET("/v1/sandbox/{id}", { params });
        if (error || !data) throw new Error("no data");
        return data;
      },
    };
  },
  "undici request": (url, method, { headers }) => ({
    run: async () => {
      const body = method === "POST" ? JSON.stringify(spec) : null;
      const { statusCode, body: answer } = await request(url + path[method], { method, headers, body });
      if (statusCode !== 200) throw new Error(`status ${statusCode}`);
      return answer.json();
    },
  }),
};

export async function open(subject: string, { url = "", method }: Record<string, string>): Promise<Work> {
  const verb: Method = method === "POST" ? "POST" : "GET";
  const make = subjects[subject];
  if (!make) throw new Error(`no subject "${subject}"`);
  return make(url, verb, await whatPorterSends(url, verb));
}

export async function requests(quick: boolean, progress: (text: string) => void): Promise<Report> {
  const server = await startServer();
  const rows = [];
  for (const method of ["POST", "GET"] as const) {
    for (const inFlight of [1, 100]) {
      // A subject against itself shows what this machine can tell apart.
      for (const subject of ["porter", "fetch", "fetch with a time limit", "ky", "openapi-fetch", "undici request"]) {
        const name = `${subject === "fetch" ? "fetch itself" : subject}, ${method}, ${inFlight} in flight`;
        progress(name);
        const outcome = await compare({
          suite: "./requests.ts",
          subject,
          baseline: "fetch",
          setting: { url: server.url, method },
          inFlight,
          processes: quick ? 1 : subject === "porter" ? 5 : 2,
          pairs: quick ? 6 : 12,
          roundMs: 60,
          warmUp: quick ? 3 : 8,
        });

        const detail = `${outcome.subjectRate.toFixed(0)} a second, fetch ${outcome.baselineRate.toFixed(0)}`;
        progress(`  ${outcome.ratio.toFixed(2)}`);
        rows.push(row(name, outcome, detail, subject === "porter" ? { atLeast: 0.95 } : undefined));
      }
    }
  }
  await server.stop();
  return { name: "requests", title: "JSON over loopback, rate as a ratio to bare fetch + json()", rows };
}
