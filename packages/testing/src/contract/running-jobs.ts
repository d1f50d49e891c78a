/** How cases look at jobs, and into the sandbox that they run in. */
import type { Job, JobStatus, Sandbox } from "@porter-sandbox/core";
import type { Context } from "./context.ts";

/** Where a sandbox keeps what is known of its jobs. */
export const directory = "/tmp/.porter-sandbox-jobs";

export const needs = ["shell"] as const;

/** Runs a line in the sandbox; answers what it printed. */
export async function run(sandbox: Sandbox, line: string): Promise<string> {
  return (await sandbox.exec(["sh", "-c", line])).stdout;
}

export const how = ({ state, exit_code, signal }: JobStatus) => ({ state, exit_code, signal });

/** Waits until a job is in another state than before. */
export const becomes = (c: Context, job: Job, wanted: JobStatus["state"]) =>
  c.until(`job ${job.id} to be ${wanted}`, async () => {
    const status = await job.status();
    return status.state === wanted ? status : undefined;
  });

/** Waits until the command itself runs, after all that is around it. */
export const runs = (c: Context, sandbox: Sandbox, job: Job) =>
  c.until(`job ${job.id} to run`, async () =>
    (await run(sandbox, `cat ${directory}/${job.id}/pid 2>/dev/null`)) === "" ? undefined : true,
  );
