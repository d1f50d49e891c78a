import { type OperationId, operations } from "@porter-sandbox/spec/operations";
import type { Fault, FaultRule } from "./control.ts";
import type { BootFault } from "./memory/engine.ts";
import type { Random } from "./random.ts";

/** A fault that hits a request, and not the sandbox that it makes. */
export type RequestFault = Exclude<Fault, BootFault>;

/** The faults that wait to happen. */
export interface Faults {
  /** Throws a TypeError or RangeError that names the field, for a rule that makes no sense. */
  inject(rule: FaultRule): void;
  clear(): void;
  /** Takes what hits a request of this operation. */
  forRequest(operation: OperationId): RequestFault | undefined;
  /** Takes what hits the sandbox that starts now. */
  forBoot(): BootFault | undefined;
}

interface Pending {
  readonly rule: FaultRule;
  left: number;
}

export function createFaults(random: Random): Faults {
  let pending: Pending[] = [];

  const take = (fits: (rule: FaultRule) => boolean): Fault | undefined => {
    const hit = pending.find(
      ({ rule }) => fits(rule) && (rule.probability === undefined || random() < rule.probability),
    );
    if (!hit) return undefined;
    hit.left--;
    if (hit.left === 0) pending = pending.filter((each) => each !== hit);
    return hit.rule.fault;
  };

  return {
    inject(rule) {
      checkRule(rule);
      const { times = 1 } = rule;
      pending.push({ rule: structuredClone(rule), left: times === "always" ? Number.POSITIVE_INFINITY : times });
    },
    clear() {
      pending = [];
    },
    forRequest(operation) {
      if (pending.length === 0) return undefined;
      const fits = (rule: FaultRule) => !isBootFault(rule.fault) && (rule.operation ?? operation) === operation;
      return take(fits) as RequestFault | undefined;
    },
    forBoot() {
      return take((rule) => isBootFault(rule.fault)) as BootFault | undefined;
    },
  };
}

function isBootFault(fault: Fault): fault is BootFault {
  return fault.kind === "slow_boot" || fault.kind === "failed_boot" || fault.kind === "evict_after";
}

type Check = [value: unknown, ok: (value: unknown) => boolean, rule: string];

const isAmount = (value: unknown) => typeof value === "number" && Number.isFinite(value) && value >= 0;
const isWhole = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isBoolean = (value: unknown) => typeof value === "boolean";
const orAbsent = (ok: (value: unknown) => boolean) => (value: unknown) => value === undefined || ok(value);

const MILLISECONDS = "must be a number of milliseconds of at least 0";
const YES_OR_NO = "must be true or false";

/** What each kind of fault is made of. */
const shapes: Record<Fault["kind"], Record<string, [ok: (value: unknown) => boolean, rule: string]>> = {
  delay: { ms: [isAmount, MILLISECONDS] },
  status: {
    status: [(value) => isWhole(value) && (value as number) >= 200 && (value as number) <= 599, "must be 200 to 599"],
    commit: [isBoolean, YES_OR_NO],
    retry_after_s: [orAbsent(isWhole), "must be a whole number of seconds"],
  },
  reset: { commit: [isBoolean, YES_OR_NO] },
  cut_body: { after_bytes: [isWhole, "must be a whole number of bytes"] },
  malformed_json: {},
  slow_boot: { ms: [isAmount, MILLISECONDS] },
  failed_boot: {
    reason: [
      orAbsent((value) => value === "image_pull" || value === "engine_error"),
      "must be image_pull or engine_error",
    ],
    message: [orAbsent((value) => typeof value === "string"), "must be a string"],
  },
  evict_after: { ms: [isAmount, MILLISECONDS] },
};

function checkRule(rule: FaultRule): void {
  const { operation, times, probability, fault } = rule ?? {};
  const kind: unknown = fault?.kind;
  if (typeof kind !== "string" || !Object.hasOwn(shapes, kind)) {
    throw new TypeError(`fault.kind: must be one of ${Object.keys(shapes).join(", ")} (got ${show(kind)})`);
  }
  const shape = shapes[kind as Fault["kind"]];
  const values = fault as unknown as Record<string, unknown>;
  const checks: Record<string, Check> = {
    operation: [operation, orAbsent((value) => Object.hasOwn(operations, String(value))), "must be an operation's id"],
    times: [
      times,
      orAbsent((value) => value === "always" || (isWhole(value) && value !== 0)),
      'must be a whole number of at least 1, or "always"',
    ],
    probability: [probability, orAbsent((value) => isAmount(value) && (value as number) <= 1), "must be 0 to 1"],
  };
  for (const [name, [ok, rule]] of Object.entries(shape)) checks[`fault.${name}`] = [values[name], ok, rule];
  if (isBootFault(fault) && operation !== undefined) {
    checks.operation = [operation, (value) => value === "createSandbox", `must be createSandbox or absent for ${kind}`];
  }
  for (const [field, [value, ok, rule]] of Object.entries(checks)) {
    if (!ok(value)) throw new RangeError(`${field}: ${rule} (got ${show(value)})`);
  }
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : String(JSON.stringify(value));
}
