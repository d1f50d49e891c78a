import type { ContractCase } from "./case.ts";
import { auth } from "./cases/auth.ts";
import { badInput } from "./cases/bad-input.ts";
import { create, names } from "./cases/create.ts";
import { errors } from "./cases/errors.ts";
import { retries, statusFaults } from "./cases/every-operation.ts";
import { exec } from "./cases/exec.ts";
import { execOptions } from "./cases/exec-options.ts";
import { faults } from "./cases/faults.ts";
import { fileListing, fileWalking } from "./cases/file-listing.ts";
import { fileReading } from "./cases/file-reading.ts";
import { fileMoving, fileWriting } from "./cases/file-writing.ts";
import { fleets } from "./cases/fleets.ts";
import { capabilities, health } from "./cases/health.ts";
import { idempotency } from "./cases/idempotency.ts";
import { jobs } from "./cases/jobs.ts";
import { lifecycle, ttl } from "./cases/lifecycle.ts";
import { idle, lifetime, reasons } from "./cases/lifetime.ts";
import { counts, iterate, listing } from "./cases/listing.ts";
import { logFilters } from "./cases/log-filters.ts";
import { logs } from "./cases/logs.ts";
import { lookup } from "./cases/lookup.ts";
import { metrics } from "./cases/metrics.ts";
import { processes } from "./cases/processes.ts";
import { cors, requestIds, routing } from "./cases/protocol.ts";
import { queue } from "./cases/queue.ts";
import { sandboxFileContent } from "./cases/sandbox-file-content.ts";
import { sandboxFileTrees } from "./cases/sandbox-file-trees.ts";
import { snapshots } from "./cases/snapshots.ts";
import { streams } from "./cases/streams.ts";
import { tolerance } from "./cases/tolerance.ts";
import { volumes } from "./cases/volumes.ts";
import { following, travelling, waiting } from "./cases/waiting.ts";
import { watchingJobs } from "./cases/watching-jobs.ts";

/** Every case, by subject. Their order means nothing. */
export const contractCases: readonly ContractCase[] = [
  health,
  capabilities,
  auth,
  create,
  names,
  lookup,
  lifecycle,
  queue,
  ttl,
  lifetime,
  idle,
  reasons,
  waiting,
  fleets,
  travelling,
  listing,
  iterate,
  counts,
  exec,
  execOptions,
  streams,
  processes,
  jobs,
  watchingJobs,
  logs,
  logFilters,
  following,
  metrics,
  snapshots,
  volumes,
  fileListing,
  fileWalking,
  fileReading,
  fileWriting,
  fileMoving,
  sandboxFileContent,
  sandboxFileTrees,
  idempotency,
  badInput,
  errors,
  faults,
  statusFaults,
  retries,
  tolerance,
  requestIds,
  routing,
  cors,
].flat();
