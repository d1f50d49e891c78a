import { each, fields, whole } from "./checks.ts";
import { checkEgress } from "./egress.ts";
import { checkArguments, checkCommand } from "./exec.ts";
import { checkMounts } from "./mounts.ts";
import { checkId, checkImage, checkName } from "./names.ts";
import { checkNetworking } from "./networking.ts";
import { checkResources } from "./quantities.ts";
import { checkEnv, checkTags } from "./tags.ts";
import { isRecord } from "./text.ts";
import { type Violation, violation } from "./violations.ts";

/** 365 days. */
export const MAX_TTL_SECONDS = 31_536_000;

/** Seconds that a sandbox may live, from its start or from now, and that it may idle. */
export const checkTtl = whole(1, MAX_TTL_SECONDS);

/** Exactly one of image and snapshot; an empty `image` beside a `snapshot_id` counts as none. */
function checkSource({ image, snapshot_id }: Record<string, unknown>): Violation | undefined {
  if (snapshot_id !== undefined) {
    return image ? violation("snapshot_id", snapshot_id, "must not be given together with image") : undefined;
  }
  return image === undefined
    ? violation("image", image, "is required, or snapshot_id instead")
    : checkImage("image", image);
}

const checkFields = fields(
  {},
  {
    snapshot_id: checkId,
    name: checkName,
    tags: checkTags,
    command: checkCommand,
    args: checkArguments,
    env: checkEnv,
    env_groups: each(checkId),
    volume_mounts: checkMounts,
    networking: checkNetworking,
    egress: checkEgress,
    resources: checkResources,
    ttl_seconds: checkTtl,
    idle_timeout_seconds: checkTtl,
  },
);

const checkExtension = fields({ ttl_seconds: checkTtl }, {});

/** The body of an extension of a sandbox's time to live. */
export const checkExtendTtl = (body: unknown): Violation | undefined => checkExtension("", body);

/**
 * Checks all of a create that needs no server: values, and how fields go together. Never throws, whatever it is given. A
 * field that is undefined counts as absent; unknown fields are the request schema's business.
 */
export const checkSandboxSpec = (spec: unknown): Violation | undefined =>
  (isRecord(spec) ? checkSource(spec) : undefined) ?? checkFields("", spec);
