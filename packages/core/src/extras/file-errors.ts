import { type checkFilePath, normalizeVolumePath, type Violation } from "@porter-sandbox/spec";
import { fileCodes as codes } from "@porter-sandbox/spec/file-scripts";
import { invalidValue } from "../errors/invalid-value.ts";
import { SandboxError } from "../errors/sandbox-error.ts";
import {
  ConflictError,
  InvalidRequestError,
  NotFoundError,
  PermissionDeniedError,
  UnsupportedError,
} from "../errors/status-errors.ts";
import type { ExecResult } from "../types.ts";

/** Throws for a rule that was broken, before anything is sent. */
export function refuse(broken: Violation | undefined): void {
  if (broken) throw invalidValue(broken.field, broken.value, broken.rule);
}

/** A path in its one form. */
export function normalPath(check: typeof checkFilePath, path: unknown): string {
  refuse(check("path", path));
  return normalizeVolumePath(path as string) as string;
}

const RULES: Readonly<Record<number, readonly [kind: typeof SandboxError, code: string, rule: string]>> = {
  [codes.notFound]: [NotFoundError, "not_found", "there is nothing of that path"],
  [codes.parentNotFound]: [NotFoundError, "not_found", "its parent directory must exist"],
  [codes.notDirectory]: [InvalidRequestError, "invalid_request", "must be a directory"],
  [codes.notFile]: [InvalidRequestError, "invalid_request", "must be a file"],
  [codes.isDirectory]: [ConflictError, "destination_exists", "must not be a directory"],
  [codes.throughFile]: [ConflictError, "destination_exists", "must not lead through a file"],
  [codes.exists]: [ConflictError, "destination_exists", "must not exist"],
  [codes.notEmpty]: [ConflictError, "directory_not_empty", "must be an empty directory, unless recursive"],
  [codes.changed]: [ConflictError, "write_interrupted", "somebody else changed what was being written"],
  [codes.denied]: [PermissionDeniedError, "permission_denied", "the sandbox's user may not do that"],
};

/** Throws what a script's exit code means for the caller: where a volume can be refused the same, the same. */
export function fail({ exit_code, stderr }: ExecResult, path: string, field = "path"): never {
  const got = `(got ${JSON.stringify(path)})`;
  const known = RULES[exit_code];
  if (known) {
    const [Kind, code, rule] = known;
    throw new Kind(`${field}: ${rule} ${got}`, { code, field, admitted: true });
  }
  const said = stderr.trim().slice(-200);
  if (exit_code === codes.lacksTool)
    throw new UnsupportedError(`The image has no ${JSON.stringify(said)}, which files need`, {
      code: "unsupported",
      field: undefined,
      admitted: true,
    });
  throw new SandboxError(
    `${field}: the sandbox's file system refused, or is full ${got}; exit code ${exit_code}: ${said}`,
    { code: "file_system", admitted: true },
  );
}
