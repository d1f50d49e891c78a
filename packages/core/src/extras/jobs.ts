/** Jobs of sandboxes: started, found and listed; what `sandbox.jobs` and `porter.jobs` load. */

import { compileCommand, newToken } from "../commands/compile.ts";
import { quoted, startScript } from "../commands/job-scripts.ts";
import { invalidValue } from "../errors/invalid-value.ts";
import { JobStartError } from "../errors/job-start-error.ts";
import { isSandboxError } from "../errors/sandbox-error.ts";
import { invalidRequest } from "../errors/status-errors.ts";
import { exec } from "../resources/exec.ts";
import { readHandleJson } from "../resources/handle-json.ts";
import type { Client } from "../transport/client.ts";
import type { CallOptions } from "../transport/scope.ts";
import type { ExecResult } from "../types.ts";
import { checkOutputBytes, isJob, Job, learn } from "./job.ts";
import {
  type JobStatus,
  type JobsWaitOptions,
  statusesOf,
  statusOfAll,
  waitForAll,
  withoutShell,
} from "./job-status.ts";
import type { CommandOptions } from "./spawn.ts";

export type { Job, JobJson, JobOutput, JobOutputOptions, JobWaitOptions } from "./job.ts";
export type { JobStatus, JobsProgress, JobsWaitOptions } from "./job-status.ts";

/** What `jobs.start` takes. `timeoutMs` and `signal` are for the start alone, and do not limit the job. */
export interface JobStartOptions extends CommandOptions, CallOptions {
  /**
   * Its id: lowercase letters, digits and hyphens. Lets a program repeat a start: the same id never starts a second job
   * in a sandbox, but finds the first. Default: a random one.
   */
  id?: string | undefined;
  /** How many bytes of each output `job.output()` answers: 1,048,576 at most. Default 65,536. */
  outputBytes?: number | undefined;
}

/** What a variable of a process may hold, with room for its name. */
const LONGEST_COMMAND_BYTES = 120_000;

/** Starts a command in the background. */
export async function start(
  client: Client,
  sandboxId: string,
  command: string | readonly string[],
  options: JobStartOptions = {},
): Promise<Job> {
  const { cwd, env, user, signal, timeoutMs } = options;
  const id = options.id === undefined ? `job-${newToken()}` : checkId("id", options.id);
  const outputBytes =
    options.outputBytes === undefined ? undefined : checkOutputBytes("outputBytes", options.outputBytes);
  const { argv } = compileCommand({ command, cwd, env, user });
  if (new TextEncoder().encode(quoted(argv)).length > LONGEST_COMMAND_BYTES)
    throw invalidRequest("command", `must be ${LONGEST_COMMAND_BYTES} bytes or less, env and quotes included`);
  // A directory or a user that is not there is found out before anything is started.
  const around = cwd === undefined && user === undefined ? undefined : compileCommand({ command: ["true"], cwd, user });
  const script = startScript(id, argv, around?.argv ?? []);
  let result: ExecResult;
  try {
    result = await exec(client, sandboxId, script, { signal, timeoutMs });
  } catch (error) {
    if (!isSandboxError(error) || error.admitted === false) throw error;
    throw startError(sandboxId, id, "unknown", error.message, error);
  }
  const refusal = around?.refusal(result);
  if (refusal) throw refusal;
  const [, word] = /^porter-job (\w+)\n$/.exec(result.stdout) ?? [];
  if (word === "started" || word === "known") return new Job(client, sandboxId, id, outputBytes);
  if (word === "no_setsid") throw withoutShell("setsid");
  if (word === "no_proc") throw withoutShell("/proc");
  if (word === undefined && (result.exit_code === 126 || result.exit_code === 127)) throw withoutShell();
  if (word === "no_directory") throw startError(sandboxId, id, false, "/tmp cannot be written to");
  if (word === "not_begun") throw startError(sandboxId, id, false, "the sandbox did not begin with it in time");
  throw startError(sandboxId, id, "unknown", `the sandbox answered with exit code ${result.exit_code}`);
}

function startError(
  sandboxId: string,
  jobId: string,
  admitted: false | "unknown",
  why: string,
  cause?: unknown,
): JobStartError {
  const what = admitted === false ? "was not started" : "may or may not have been started";
  return new JobStartError(`Job ${jobId} of sandbox ${sandboxId} ${what}: ${why}`, {
    code: admitted === false ? "job_not_started" : "job_start_unknown",
    admitted,
    jobId,
    sandboxId,
    cause,
  });
}

/** Finds a job by its id. */
export async function get(client: Client, sandboxId: string, id: string, options?: CallOptions): Promise<Job> {
  const job = new Job(client, sandboxId, checkId("id", id));
  const { error } = await job.status(options);
  // Whether there was such a job, nobody can say.
  if (error) throw error;
  return job;
}

/** All jobs of a sandbox, oldest first. */
export async function list(client: Client, sandboxId: string, options?: CallOptions): Promise<Job[]> {
  const statuses = await statusesOf(client, sandboxId, [], options);
  const began = ({ started_at = "" }: JobStatus) => started_at;
  return statuses
    .sort((a, b) => (began(a) < began(b) ? -1 : Number(began(a) > began(b))))
    .map((status) => {
      const job = new Job(client, sandboxId, status.id);
      learn(job, status);
      return job;
    });
}

/** A handle from what `toJSON()` gave. */
export async function fromJSON(client: Client, sandboxId: string | undefined, json: unknown): Promise<Job> {
  const { id, sandbox_id, output_bytes } = readHandleJson("job", json);
  if (typeof sandbox_id !== "string" || !sandbox_id)
    throw invalidRequest("sandbox_id", "must be a string, and not empty");
  if (sandboxId !== undefined && sandbox_id !== sandboxId)
    throw invalidRequest("sandbox_id", "must be the id of this sandbox");
  return new Job(client, sandbox_id, checkId("id", id), checkOutputBytes("output_bytes", output_bytes));
}

/** The states of jobs of many sandboxes. */
export async function status(
  client: Client,
  _: undefined,
  jobs: readonly Job[],
  options?: CallOptions,
): Promise<JobStatus[]> {
  return learnt(checkJobs(jobs), await statusOfAll(client, jobs, options));
}

/** Waits until jobs of many sandboxes have ended. */
export async function wait(
  client: Client,
  _: undefined,
  jobs: readonly Job[],
  options?: JobsWaitOptions,
): Promise<JobStatus[]> {
  return learnt(checkJobs(jobs), await waitForAll(client, jobs, options));
}

const learnt = (jobs: readonly Job[], statuses: JobStatus[]) => {
  jobs.forEach((job, index) => {
    learn(job, statuses[index] as JobStatus);
  });
  return statuses;
};

function checkJobs(jobs: readonly Job[]): readonly Job[] {
  if (!Array.isArray(jobs)) throw invalidRequest("jobs", "must be an array of jobs");
  jobs.forEach((job, index) => {
    if (!isJob(job)) throw invalidRequest(`jobs[${index}]`, "must be a job");
  });
  return jobs;
}

/** It becomes the name of a directory. */
function checkId(field: string, id: unknown): string {
  if (typeof id !== "string" || !/^[a-z0-9][a-z0-9-]{0,62}$/.test(id))
    throw invalidValue(
      field,
      id,
      "must be lowercase letters, digits and hyphens, 63 at most, and begin with no hyphen",
    );
  return id;
}
