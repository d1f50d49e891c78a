import { type Answer, createHttp } from "./http.ts";
import { type Capability, capabilities, type Target } from "./target.ts";

/** A target whose capabilities are still to be found out. */
export type Unprobed = Omit<Target, "capabilities">;

/**
 * Finds out what a server can do by asking for it: a few sandboxes and volumes are created and removed again. A
 * capability counts as there unless the server refuses it as unsupported; what it then does wrong is for the cases to
 * show. Throws when the server cannot be reached or creates nothing at all.
 */
export async function probeCapabilities(target: Unprobed): Promise<Capability[]> {
  const http = createHttp({ ...target, capabilities: [] }, () => {});
  const lacks = new Set<Capability>(["refuses_unsupported"]);
  const undo: (() => Promise<unknown>)[] = [];
  const { image, apiKey, control, envGroup, maxFileBytes, allMemoryBytes } = target;

  const create = async (spec: Record<string, unknown> = {}): Promise<Answer> => {
    const answer = await http("POST", "/v1/sandbox/run", { json: { image, ...spec } });
    if (answer.status === 200) undo.push(() => http("DELETE", `/v1/sandbox/${answer.json.id}`));
    return answer;
  };
  const note = (capability: Capability, { status }: Answer): void => {
    if (status === 422 || status === 404 || status === 405 || status === 501) lacks.add(capability);
  };

  if (apiKey === undefined) lacks.add("auth");
  if (control === undefined) lacks.add("control");
  if (envGroup === undefined) lacks.add("env_groups");
  if (maxFileBytes === undefined) lacks.add("file_limit");
  if (allMemoryBytes === undefined) lacks.add("queue");
  try {
    const plain = await create();
    if (plain.status !== 200) {
      throw new Error(`The server does not create a sandbox of ${image}: ${plain.status} ${plain.text.slice(0, 300)}`);
    }
    const { id } = plain.json;
    note("egress", await create({ egress: { allowed_destinations: [] } }));
    note("egress_names", await create({ egress: { allowed_destinations: ["example.com", "2001:db8::1"] } }));
    note("networking", await create({ networking: [{ port: 8080 }] }));
    note("internal_ports", await create({ networking: [{ port: 8080, internal: true }] }));
    note("resources", await create({ resources: { cpu: "1", memory: "128Mi" } }));
    note("metrics", await http("GET", `/v1/sandbox/${id}/metrics-summary`));

    const volume = await http("POST", "/v1/volume", { json: { type: "object", object: { bucket: "contract-probe" } } });
    if (volume.status === 200) undo.push(() => http("DELETE", `/v1/volume/${volume.json.id}`));
    note("object_volumes", volume);

    const shell = await whenRunning(target, () =>
      http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["sh", "-c", "echo one | cat"] } }),
    );
    if (shell.status !== 200 || shell.json.stdout !== "one\n") lacks.add("shell");

    const tools = "for tool in base64 find stat head tr; do command -v $tool || exit 1; done";
    const files = await http("POST", `/v1/sandbox/${id}/exec`, { json: { command: ["sh", "-c", tools] } });
    if (files.status !== 200 || files.json.exit_code !== 0) lacks.add("sandbox_files");

    const snapshot = await http("POST", `/v1/sandbox/${id}/snapshot`, { json: {} });
    if (snapshot.status === 200) undo.push(() => http("DELETE", `/v1/snapshot/${snapshot.json.id}`));
    note("snapshots", snapshot);

    const extensions = await http("GET", "/v1/capabilities");
    if (extensions.status === 200) lacks.add("no_extensions");
    const listed = extensions.status === 200 ? (extensions.json.extensions as string[]) : [];
    for (const name of [
      "idempotency_keys",
      "exec_options",
      "exec_streams",
      "processes",
      "lifetime",
      "status_reason",
      "log_filters",
    ] as const) {
      if (!listed.includes(name)) lacks.add(name);
    }

    const headers = { origin: "https://app.example.com", "access-control-request-method": "GET" };
    const preflight = await http("OPTIONS", "/v1/volume", { apiKey: null, headers });
    if (!preflight.headers.has("access-control-allow-origin")) lacks.add("cors");
  } finally {
    for (const run of undo.reverse()) await run().catch(() => {});
  }
  const engine: Capability[] = [
    "egress",
    "egress_names",
    "networking",
    "internal_ports",
    "resources",
    "snapshots",
    "metrics",
    "object_volumes",
  ];
  if (engine.some((capability) => lacks.has(capability))) lacks.delete("refuses_unsupported");
  return capabilities.filter((capability) => !lacks.has(capability));
}

/** Asks until the sandbox is no longer on its way to running. */
async function whenRunning({ bootTimeoutMs = 60_000 }: Unprobed, ask: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + bootTimeoutMs;
  for (let wait = 10; ; wait = Math.min(wait * 2, 500)) {
    const answer = await ask();
    if (answer.status !== 409 || Date.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
