import { checkEgress } from "./egress.ts";
import { checkCommand } from "./exec.ts";
import { checkMounts } from "./mounts.ts";
import { checkId, checkImage, checkName } from "./names.ts";
import { checkNetworking } from "./networking.ts";
import { checkResources } from "./quantities.ts";
import { checkEnv, checkTags } from "./tags.ts";
import { isRecord } from "./text.ts";
import { checkEach, checkText, type Violation, violation } from "./violations.ts";

/** 365 days. */
export const MAX_TTL_SECONDS = 31_536_000;

export const checkTtl = (value: unknown, field = "ttl_seconds"): Violation | undefined =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_TTL_SECONDS
    ? undefined
    : violation(field, value, `must be a whole number from 1 to ${MAX_TTL_SECONDS}`);

/** An empty `image` beside a `snapshot_id` counts as none. */
function checkSource({ image, snapshot_id }: Record<string, unknown>): Violation | undefined {
  if (snapshot_id === undefined) {
    return image === undefined
      ? violation("image", image, "is required, or snapshot_id instead")
      : checkImage("image", image);
  }
  if (image !== undefined && image !== "")
    return violation("snapshot_id", snapshot_id, "must not be given together with image");
  return checkId("snapshot_id", snapshot_id);
}

const FIELDS: Record<string, (value: unknown, field: string) => Violation | undefined> = {
  name: (value, field) => checkName(field, value),
  tags: checkTags,
  command: checkCommand,
  args: (value, field) => checkEach(field, value, (at, item) => checkText(at, item)),
  env: checkEnv,
  env_groups: (value, field) => checkEach(field, value, checkId),
  volume_mounts: checkMounts,
  networking: checkNetworking,
  egress: checkEgress,
  resources: checkResources,
  ttl_seconds: checkTtl,
};

/**
 * Checks all of a create that needs no server: values, and how fields go together. Never throws, whatever it is given. A
 * field that is undefined counts as absent; unknown fields are the request schema's business.
 */
export function checkSandboxSpec(spec: unknown): Violation | undefined {
  if (!isRecord(spec)) return violation("body", spec, "must be an object");
  const broken = checkSource(spec);
  if (broken) return broken;
  for (const [field, check] of Object.entries(FIELDS)) {
    const found = spec[field] === undefined ? undefined : check(spec[field], field);
    if (found) return found;
  }
  return undefined;
}
