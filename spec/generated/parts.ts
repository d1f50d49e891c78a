// Made from openapi.yaml by `npm run generate`. Do not edit.
// The client's view, as small as it can be.

import { tables as lifetime } from "./parts/lifetime.ts";
import { tables as metrics } from "./parts/metrics.ts";
import { tables as processes } from "./parts/processes.ts";
import { tables as snapshots } from "./parts/snapshots.ts";
import type { Tables } from "./compact.ts";

/** The tables of all parts. */
export const parts: readonly Tables[] = [lifetime, metrics, processes, snapshots];
