// Made from openapi.yaml by `npm run generate`. Do not edit.
// The client's view, as small as it can be.

import type { Tables } from "../compact.ts";

export const tables: Tables = {
  shapes: {
    ExtendTtlRequest: "ttl_seconds:#",
  },
  routes: {
    extendSandboxTtl: "PUT /v1/sandbox/{id}/ttl StatusResponse ExtendTtlRequest idempotent",
  },
  parameters: {
  },
};
