/** The rules that both sides share: pure, on web standards, and never throwing whatever they are given. */

export type { Check } from "./checks.ts";
export { type Clock, systemClock } from "./clock.ts";
export { clampTime, parseGoDuration, parseMetricsWindow, parseSince, parseTime } from "./durations.ts";
export {
  checkEgress,
  checkEgressDestination,
  type EgressDestination,
  isHostName,
  parseEgressDestination,
} from "./egress.ts";
export { checkCommand, checkExec } from "./exec.ts";
export { type Issue, violationFromIssues } from "./issues.ts";
export {
  COUNT_BUCKETS,
  DEFAULT_LOG_LINES,
  MAX_FILE_BYTES,
  MAX_JSON_BYTES,
  MAX_LOG_LINES,
  PAGE_SIZE,
  WALK_BUDGET,
} from "./limits.ts";
export type { Loose } from "./loose.ts";
export { checkMounts, normalizeMountPath } from "./mounts.ts";
export { checkId, checkIdempotencyKey, checkImage, checkName } from "./names.ts";
export { checkNetworking } from "./networking.ts";
export { endedPhases, isEnded, isLive, livePhases, StatusResponsePhase } from "./phases.ts";
export { checkResources, MAX_CPU_CORES, MAX_MEMORY_BYTES, parseCpu, parseMemory } from "./quantities.ts";
export { parseQuery, type QueryValues } from "./query.ts";
export { formatContentRange, parseRange, type RangeAnswer } from "./range.ts";
export { checkExtendTtl, checkSandboxSpec, checkTtl, MAX_TTL_SECONDS } from "./sandbox-spec.ts";
export { sleep } from "./sleep.ts";
export { checkEnv, checkTags, parseTagFilter } from "./tags.ts";
export { isRecord, textRule } from "./text.ts";
export { describeViolation, entryOf, type Violation, violation } from "./violations.ts";
export { checkFilePath, checkMoveRequest, checkVolumePath, normalizeVolumePath } from "./volume-path.ts";
export { checkVolumeSpec } from "./volume-spec.ts";
