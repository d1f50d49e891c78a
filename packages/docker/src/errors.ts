import { EngineError, type EngineErrorCode } from "@porter-sandbox/api";

/** The Docker engine refused a request. */
export class DockerRefusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = "DockerRefusal";
    this.status = status;
  }
}

/** The Docker engine could not be reached, or went away before it had answered. */
export class DockerUnreachable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DockerUnreachable";
  }
}

export const hasStatus = (error: unknown, ...statuses: number[]): boolean =>
  error instanceof DockerRefusal && statuses.includes(error.status);

/** Answers undefined in place of a refusal with one of these statuses. */
export async function unless<T>(statuses: readonly number[], request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (hasStatus(error, ...statuses)) return undefined;
    throw error;
  }
}

/** What callers of the engine get: an EngineError as it is, anything else as one with `code`. */
export function toEngineError(error: unknown, code: EngineErrorCode = "engine_error"): EngineError {
  if (error instanceof EngineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError(code, message, { cause: error });
}
