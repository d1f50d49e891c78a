/** One handler for each operation of the spec: reads a request, calls the control plane, shapes the answer. */
import {
  checkExtendTtl,
  checkFilePath,
  checkIdempotencyKey,
  checkMoveRequest,
  checkSandboxSpec,
  checkVolumePath,
  checkVolumeSpec,
} from "@porter-sandbox/spec";
import type { OperationId } from "@porter-sandbox/spec/operations";
import type { components } from "@porter-sandbox/spec/types";
import { moveFile, readFile, writeFile } from "../control/files.ts";
import { insertKey } from "../control/idempotency.ts";
import { sandboxOf, terminate } from "../control/lifecycle.ts";
import { extendTtl } from "../control/lifetime.ts";
import { countSandboxes, listSandboxes, lookupSandbox } from "../control/listing.ts";
import { readLogs } from "../control/logs.ts";
import { metricSeries, metricsSummary } from "../control/metrics.ts";
import type { SandboxSpec } from "../control/plan.ts";
import type { Plane } from "../control/plane.ts";
import { createSandbox, statusOf } from "../control/sandboxes.ts";
import { createSnapshot, deleteSnapshot, listSnapshots } from "../control/snapshots.ts";
import { createVolume, deleteVolume, getVolume, listVolumes, lookupVolume } from "../control/volumes.ts";
import { listFiles } from "../control/walk.ts";
import { json, none } from "./answers.ts";
import { declaredLength, readJson, refuse } from "./body.ts";
import { execHandlers } from "./exec-routes.ts";
import { readQuery } from "./query.ts";

export interface Call {
  readonly plane: Plane;
  readonly request: Request;
  /** The id in the path, where there is one. */
  readonly id: string;
  /** The id of a process in the path, where there is one. */
  readonly exec_id: string;
}

export type Handler = (call: Call) => Promise<Response>;

/** The extensions of this server; `error_details` and `capabilities` show by being there. */
const EXTENSIONS = [
  "idempotency_keys",
  "exec_truncation",
  "exec_streams",
  "exec_options",
  "processes",
  "status_reason",
  "lifetime",
  "log_filters",
];

export const handlers: Readonly<Record<OperationId, Handler>> = {
  ...execHandlers,

  healthz: async () => json({ status: "ok" }),
  async readyz({ plane }) {
    const { egress } = plane.engine;
    const state = plane.extensions && egress !== undefined ? { egress } : {};
    return json({ status: "ready", active_sandboxes: await plane.store.countLive(), ...state });
  },
  async getCapabilities({ plane }) {
    const extensions = plane.engine.egress === undefined ? EXTENSIONS : [...EXTENSIONS, "egress_state"];
    return json({ extensions, engine: plane.engine.name });
  },

  async createSandbox({ plane, request }) {
    const spec = await readJson<"createSandbox", SandboxSpec>("createSandbox", request, plane.limits.bodyBytes, {
      check: checkSandboxSpec,
    });
    if (!plane.extensions && spec.idle_timeout_seconds !== undefined) {
      refuse({ field: "idle_timeout_seconds", value: undefined, rule: "is not a known field" });
    }
    const header = plane.extensions ? request.headers.get("Idempotency-Key") : null;
    const wrong = header === null ? undefined : checkIdempotencyKey(header);
    // The key is not shown: a caller may have made it of something secret.
    if (wrong !== undefined) refuse({ ...wrong, value: undefined });
    const key = header === null ? undefined : insertKey(header, spec, plane.clock.now(), plane.limits.idempotencyMs);
    return json(await createSandbox(plane, spec, key));
  },
  async listSandboxes({ plane, request }) {
    const { page = 1, include_filter_values = false, ...filters } = readQuery("listSandboxes", request.url);
    return json(await listSandboxes(plane, filters, { page, include_filter_values }));
  },
  async countSandboxes({ plane, request }) {
    return json(await countSandboxes(plane, readQuery("countSandboxes", request.url)));
  },
  async lookupSandbox({ plane, request }) {
    return json(await lookupSandbox(plane, readQuery("lookupSandbox", request.url).name));
  },
  getSandbox: async ({ plane, id }) => json(statusOf(plane, await sandboxOf(plane, id))),
  async terminateSandbox({ plane, id }) {
    await terminate(plane, id);
    return none();
  },
  async extendSandboxTtl({ plane, request, id }) {
    const { ttl_seconds } = await readJson<"extendSandboxTtl", components["schemas"]["ExtendTtlRequest"]>(
      "extendSandboxTtl",
      request,
      plane.limits.bodyBytes,
      { check: checkExtendTtl },
    );
    return json(statusOf(plane, await extendTtl(plane, id, ttl_seconds)));
  },
  getSandboxLogs: async ({ plane, request, id }) =>
    json(await readLogs(plane, id, readQuery("getSandboxLogs", request.url, plane))),
  getSandboxMetricsSummary: async ({ plane, request, id }) =>
    json(await metricsSummary(plane, id, readQuery("getSandboxMetricsSummary", request.url).since)),
  getSandboxMetrics: async ({ plane, request, id }) =>
    json(await metricSeries(plane, id, readQuery("getSandboxMetrics", request.url))),

  async createSnapshot({ plane, request, id }) {
    const { mode } = await readJson<"createSnapshot", components["schemas"]["SnapshotRequest"]>(
      "createSnapshot",
      request,
      plane.limits.bodyBytes,
      { optional: true },
    );
    return json(await createSnapshot(plane, id, mode));
  },
  listSnapshots: async ({ plane, request }) =>
    json(await listSnapshots(plane, readQuery("listSnapshots", request.url).sandbox_id)),
  async deleteSnapshot({ plane, id }) {
    await deleteSnapshot(plane, id);
    return none();
  },

  listVolumes: async ({ plane }) => json(await listVolumes(plane)),
  async createVolume({ plane, request }) {
    const spec = await readJson<"createVolume", components["schemas"]["VolumeSpec"]>(
      "createVolume",
      request,
      plane.limits.bodyBytes,
      { check: checkVolumeSpec, optional: true },
    );
    return json(await createVolume(plane, spec));
  },
  lookupVolume: async ({ plane, request }) =>
    json(await lookupVolume(plane, readQuery("lookupVolume", request.url).name)),
  getVolume: async ({ plane, id }) => json(await getVolume(plane, id)),
  async deleteVolume({ plane, id }) {
    await deleteVolume(plane, id);
    return none();
  },
  async listVolumeFiles({ plane, request, id }) {
    const query = readQuery("listVolumeFiles", request.url);
    const wrong = query.path === undefined ? undefined : checkVolumePath("path", query.path);
    if (wrong !== undefined) refuse(wrong);
    return json(await listFiles(plane, id, query));
  },
  async readVolumeFile({ plane, request, id }) {
    const { path } = readQuery("readVolumeFile", request.url);
    const wrong = checkFilePath("path", path);
    if (wrong !== undefined) refuse(wrong);
    const bodyless = request.method === "HEAD";
    return readFile(plane, id, { path, range: request.headers.get("Range"), bodyless });
  },
  async writeVolumeFile({ plane, request, id }) {
    const { path } = readQuery("writeVolumeFile", request.url);
    const wrong = checkFilePath("path", path);
    if (wrong !== undefined) refuse(wrong);
    const { body, signal } = request;
    await writeFile(plane, id, { path, body, declared: declaredLength(request), signal });
    return none();
  },
  async moveVolumeFile({ plane, request, id }) {
    const move = await readJson<"moveVolumeFile", components["schemas"]["MoveRequest"]>(
      "moveVolumeFile",
      request,
      plane.limits.bodyBytes,
      { check: checkMoveRequest },
    );
    await moveFile(plane, id, move);
    return none();
  },
};
