import type { Process, ProcessJson } from "../extras/process.ts";
import type { AttachOptions } from "../extras/spawn.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { ProcessStatus } from "../types.ts";

/** What starts and follows processes is loaded when one is. */
export const processCode = () => import("../extras/spawn.ts");

/** `sandbox.processes`: the commands that were started with `spawn`, by whatever program. */
export class Processes {
  readonly #client: Client;
  readonly #id: string;

  /** @internal */
  constructor(client: Client, id: string) {
    this.#client = client;
    this.#id = id;
  }

  /**
   * Those that run, and those that ended some minutes ago at most; oldest first.
   * @throws {UnsupportedError} when the server does not have the extension `processes`.
   */
  async list(options?: CallOptions): Promise<ProcessStatus[]> {
    return (await processCode()).list(this.#client, this.#id, options);
  }

  /**
   * Follows a process again, by its id or by what its `toJSON()` made: from the beginning of what the server still has,
   * or from the offsets given.
   * @throws {UnsupportedError} when the server does not have the extension `processes`; {NotFoundError} when it knows no
   * such process (any more).
   */
  async attach(process: string | ProcessJson, options?: AttachOptions): Promise<Process> {
    return (await processCode()).attach(this.#client, this.#id, process, options);
  }
}
