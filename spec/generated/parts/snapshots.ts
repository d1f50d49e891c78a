// Made from openapi.yaml by `npm run generate`. Do not edit.
// The client's view, as small as it can be.

import type { Tables } from "../compact.ts";

export const tables: Tables = {
  shapes: {
    SnapshotRequest: "mode?",
    SnapshotResponse: "id sandbox_id mode status t_created_unix_ms?:# t_ready_unix_ms?:# failure_reason? size_bytes?:#",
    SnapshotList: "snapshots:[SnapshotResponse",
  },
  routes: {
    createSnapshot: "POST /v1/sandbox/{id}/snapshot SnapshotResponse SnapshotRequest never",
    listSnapshots: "GET /v1/snapshot SnapshotList",
    deleteSnapshot: "DELETE /v1/snapshot/{id} none none idempotent",
  },
  parameters: {
    listSnapshots: "sandbox_id?:$",
  },
};
