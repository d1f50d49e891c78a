import { isHostName } from "./egress.ts";
import { isRecord } from "./text.ts";
import { checkEach, checkText, type Violation, violation } from "./violations.ts";

const isPort = (value: unknown) => Number.isInteger(value) && (value as number) >= 1024 && (value as number) <= 65535;

function checkDomain(field: string, value: unknown): Violation | undefined {
  if (!isRecord(value)) return violation(field, value, "must be an object");
  const { domain, visibility } = value;
  if (visibility !== undefined && visibility !== "public" && visibility !== "private") {
    return violation(`${field}.visibility`, visibility, 'must be "public" or "private"');
  }
  return domain === undefined
    ? undefined
    : checkText(`${field}.domain`, domain, isHostName, "must be a host name in lower case");
}

function checkEntry(field: string, value: unknown): Violation | undefined {
  if (!isRecord(value)) return violation(field, value, "must be an object");
  const { port, domains, internal } = value;
  if (!isPort(port)) return violation(`${field}.port`, port, "must be a whole number from 1024 to 65535");
  if (internal !== undefined && typeof internal !== "boolean") {
    return violation(`${field}.internal`, internal, "must be a boolean");
  }
  if (domains === undefined) return undefined;
  const broken = checkEach(`${field}.domains`, domains, checkDomain);
  if (broken) return broken;
  const { length } = domains as unknown[];
  if (length > 1) return violation(`${field}.domains`, domains, "must have one entry at most");
  if (internal && length > 0) return violation(`${field}.domains`, domains, "must not be given together with internal");
  return undefined;
}

/** What to expose: at most one port, under at most one domain. */
export function checkNetworking(value: unknown, field = "networking"): Violation | undefined {
  if (Array.isArray(value) && value.length > 1) return violation(field, value, "must have one entry at most");
  return checkEach(field, value, checkEntry);
}
