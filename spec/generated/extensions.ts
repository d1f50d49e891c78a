// Made from openapi.yaml by `npm run generate`. Do not edit.
// The client's view, as small as it can be.

import { tables as lifetime } from "./extensions/lifetime.ts";
import { tables as processes } from "./extensions/processes.ts";
import type { Tables } from "./compact.ts";

/** The tables of all extensions. */
export const extensions: readonly Tables[] = [lifetime, processes];
