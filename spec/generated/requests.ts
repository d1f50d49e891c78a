// Made from openapi.yaml by `npm run generate`. Do not edit.
// Validators of what a client sends: shapes only and closed. The rules of src/ judge the values.

import * as zod from 'zod/mini';

export const DomainEntry = /*#__PURE__*/ zod.strictObject({
  "domain": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string()),
  "visibility": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.enum(['public', 'private']))
});

export const NetworkingEntry = /*#__PURE__*/ zod.strictObject({
  "port": /*#__PURE__*/ zod.number(),
  "domains": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.array(DomainEntry)),
  "internal": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.boolean())
});

export const EgressSpec = /*#__PURE__*/ zod.strictObject({
  "allowed_destinations": /*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string())
});

export const ResourceSpec = /*#__PURE__*/ zod.strictObject({
  "cpu": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string()),
  "memory": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string())
});

export const SandboxSpec = /*#__PURE__*/ zod.strictObject({
  "image": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string()),
  "snapshot_id": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string()),
  "name": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string()),
  "tags": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.record(/*#__PURE__*/ zod.string(), /*#__PURE__*/ zod.string())),
  "command": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string())),
  "args": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string())),
  "env": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.record(/*#__PURE__*/ zod.string(), /*#__PURE__*/ zod.string())),
  "env_groups": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string())),
  "volume_mounts": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.record(/*#__PURE__*/ zod.string(), /*#__PURE__*/ zod.string())),
  "networking": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.array(NetworkingEntry)),
  "egress": /*#__PURE__*/ zod.optional(EgressSpec),
  "resources": /*#__PURE__*/ zod.optional(ResourceSpec),
  "ttl_seconds": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.number()),
  "idle_timeout_seconds": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.number())
});

export const ExtendTtlRequest = /*#__PURE__*/ zod.strictObject({
  "ttl_seconds": /*#__PURE__*/ zod.number()
});

export const TtySize = /*#__PURE__*/ zod.strictObject({
  "rows": /*#__PURE__*/ zod.number(),
  "cols": /*#__PURE__*/ zod.number()
});

export const ExecRequest = /*#__PURE__*/ zod.strictObject({
  "command": /*#__PURE__*/ zod.array(/*#__PURE__*/ zod.string()),
  "cwd": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string()),
  "env": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.record(/*#__PURE__*/ zod.string(), /*#__PURE__*/ zod.string())),
  "user": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string()),
  "timeout_ms": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.number()),
  "stdin": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.boolean()),
  "tty": /*#__PURE__*/ zod.optional(TtySize),
  "max_output_bytes": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.number())
});

export const KillRequest = /*#__PURE__*/ zod.strictObject({
  "signal": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string())
});

export const SnapshotRequest = /*#__PURE__*/ zod.strictObject({
  "mode": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string())
});

export const ObjectVolumeSpec = /*#__PURE__*/ zod.strictObject({
  "bucket": /*#__PURE__*/ zod.string(),
  "prefix": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string()),
  "access": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.enum(['read_write', 'read_only', 'write_only_new_files']))
});

export const VolumeSpec = /*#__PURE__*/ zod.strictObject({
  "name": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.string()),
  "type": /*#__PURE__*/ zod.optional(/*#__PURE__*/ zod.enum(['disk', 'object'])),
  "object": /*#__PURE__*/ zod.optional(ObjectVolumeSpec)
});

export const MoveRequest = /*#__PURE__*/ zod.strictObject({
  "from": /*#__PURE__*/ zod.string(),
  "to": /*#__PURE__*/ zod.string()
});

export const requestSchemas = {
  createSandbox: SandboxSpec,
  execSandbox: ExecRequest,
  killProcess: KillRequest,
  resizeProcess: TtySize,
  extendSandboxTtl: ExtendTtlRequest,
  createSnapshot: SnapshotRequest,
  createVolume: VolumeSpec,
  moveVolumeFile: MoveRequest,
} as const;
