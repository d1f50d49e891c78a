import { apiCommandMutants } from "./api-commands.ts";
import { apiFindingMutants } from "./api-finding.ts";
import { apiHttpMutants } from "./api-http.ts";
import { apiSandboxMutants } from "./api-sandboxes.ts";
import { apiVolumeMutants } from "./api-volumes.ts";
import { coreCheckMutants } from "./core-checks.ts";
import { coreHandleMutants } from "./core-handles.ts";
import { coreTransportMutants } from "./core-transport.ts";
import { jobMutants } from "./jobs.ts";
import { lifetimeMutants } from "./lifetime.ts";
import type { Mutant } from "./mutant.ts";
import { queueMutants } from "./queue.ts";
import { sandboxFileMutants } from "./sandbox-files.ts";
import { specMutants } from "./spec.ts";
import { testingMutants } from "./testing.ts";

/** Every mutant, by what it breaks. */
export const catalogue: readonly Mutant[] = [
  ...specMutants,
  ...apiHttpMutants,
  ...apiSandboxMutants,
  ...apiCommandMutants,
  ...queueMutants,
  ...apiVolumeMutants,
  ...apiFindingMutants,
  ...lifetimeMutants,
  ...testingMutants,
  ...coreCheckMutants,
  ...coreTransportMutants,
  ...coreHandleMutants,
  ...sandboxFileMutants,
  ...jobMutants,
];
