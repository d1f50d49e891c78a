import { CommandTimeoutError, SandboxTimeoutError } from "../errors/client-errors.ts";
import { UnsupportedError } from "../errors/status-errors.ts";
import { exec } from "../resources/exec.ts";
import type { Client } from "../transport/client.ts";
import { checkCall } from "../transport/request.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { ExecResult } from "../types.ts";

/** Runs a script of the SDK's own in a sandbox, with arguments. */
export type RunScript = (script: string, args: readonly string[], options: CallOptions) => Promise<ExecResult>;

/** @throws {UnsupportedError} when the sandbox has no `sh`. */
export function scriptsOf(client: Client, id: string): RunScript {
  return async (script, args, { signal, timeoutMs }) => {
    const end = await exec(client, id, ["sh", "-c", script, "sh", ...args], { signal, timeoutMs });
    if (end.exit_code === 126 || end.exit_code === 127)
      throw new UnsupportedError("This needs a sandbox whose image has sh", { code: "unsupported", field: undefined });
    return end;
  };
}

/** One time for many commands: what each may still take, and the error that fits the whole when it is up. */
export class TimeLimit {
  readonly #client: Client;
  readonly #options: CallOptions;
  readonly #timeoutMs: number;
  readonly #deadline: number;
  readonly #what: string;
  readonly #Timeout: typeof SandboxTimeoutError;

  constructor(
    client: Client,
    what: string,
    options: CallOptions = {},
    defaultMs = client.timeoutMs,
    Timeout = SandboxTimeoutError,
  ) {
    // As for any other call: a number that is none is refused, and not taken for no limit.
    checkCall("execSandbox", { path: { id: "any" }, body: { command: ["any"] } }, options);
    this.#client = client;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? defaultMs;
    this.#deadline = client.clock.now() + this.#timeoutMs;
    this.#what = what;
    this.#Timeout = Timeout;
  }

  /** Does one command's worth of the work. */
  async spend<T>(work: (options: CallOptions) => Promise<T>, signal = this.#options.signal): Promise<T> {
    const timeoutMs = this.#deadline - this.#client.clock.now();
    if (timeoutMs <= 0) throw this.#up();
    try {
      return await work({ signal, timeoutMs });
    } catch (error) {
      throw error instanceof CommandTimeoutError ? this.#up(error) : error;
    }
  }

  #up(cause?: CommandTimeoutError): SandboxTimeoutError {
    const { admitted = false, retryable = false } = cause ?? {};
    return new this.#Timeout(`${this.#what} took longer than ${this.#timeoutMs} ms`, {
      code: "timeout",
      admitted,
      retryable,
      cause,
    });
  }
}
