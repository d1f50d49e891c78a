import { isRecord } from "@porter-sandbox/spec";
import { invalidRequest } from "../errors/status-errors.ts";

/** Raised when the form changes so that former readers would misread it. */
const VERSION = 1;

/** What every handle is as JSON: its kind, the version of this form, and what finds the thing again. Nothing secret. */
export interface HandleJson<Kind extends string = string> {
  readonly kind: Kind;
  readonly version: 1;
  readonly id: string;
}

/** A handle as JSON. `fields` come beside the id. */
export function handleJson<Kind extends string, Fields extends object>(kind: Kind, id: string, fields: Fields) {
  return { kind, version: VERSION, id, ...fields } as const;
}

/**
 * Reads what {@link handleJson} made, also as text; fields beside these are the caller's to check.
 * @throws {InvalidRequestError} naming the field that is not what it must be.
 */
export function readHandleJson<Kind extends string>(
  kind: Kind,
  given: unknown,
): HandleJson<Kind> & Record<string, unknown> {
  let json = given as Record<string, unknown> | null | undefined;
  if (typeof given === "string")
    try {
      json = JSON.parse(given);
    } catch {
      json = null;
    }
  if (!isRecord(json)) throw invalidRequest("json", "must be an object");
  if (json.kind !== kind) throw invalidRequest("kind", `must be "${kind}"`);
  if (json.version !== VERSION) throw invalidRequest("version", `must be ${VERSION}`);
  if (typeof json.id !== "string" || !json.id) throw invalidRequest("id", "must be a string, and not empty");
  return json as unknown as HandleJson<Kind> & Record<string, unknown>;
}
