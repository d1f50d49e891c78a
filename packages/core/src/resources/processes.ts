import type { Process, ProcessJson } from "../extras/process.ts";
import type { AttachOptions } from "../extras/spawn.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { ProcessStatus } from "../types.ts";

/** What starts and follows processes is loaded when one is. */
export const processCode = () => import("../extras/spawn.ts");

/** `sandbox.processes`: the commands that were started with `spawn`, by whatever program. */
export interface Processes {
  /**
   * Those that run, and those that ended lately, for as long as the server keeps them; oldest first.
   * @throws {UnsupportedError} when the server does not have the extension `processes`.
   */
  list(options?: CallOptions): Promise<ProcessStatus[]>;

  /**
   * Follows a process again, by its id or by what its `toJSON()` made: from the beginning of what the server still has,
   * or from the offsets given.
   * @throws {UnsupportedError} when the server does not have the extension `processes`; {NotFoundError} when it knows no
   * such process (any more).
   */
  attach(process: string | ProcessJson, options?: AttachOptions): Promise<Process>;
}
