import { createSandboxApi } from "@porter-sandbox/api";
import type { Shell } from "../commands/command.ts";
import { createFakeSandboxApi, type FakeOptions } from "../fake.ts";
import { createMemoryEngine } from "../memory/engine.ts";
import { fakeFacts } from "./fake-facts.ts";
import type { Target } from "./target.ts";

/** A target in this process, and how to end it. */
export interface FakeTarget {
  readonly name: string;
  readonly target: Target;
  readonly close: () => Promise<void>;
}

const bootTimeoutMs = 30_000;
/** Here cases run at once and nothing forgets their requests between them. */
const keptRequests = 100_000;

/** The fake with everything that it has. */
export function fullFake(shell?: Shell): FakeTarget {
  const { options, target } = fakeFacts.full;
  if (!shell) return fakeTarget("fake", options, target);
  const capabilities = [...target.capabilities, "shell" as const];
  return fakeTarget("fake with a shell", { ...options, shell }, { ...target, capabilities });
}

/** A server of the published API alone. */
export function publishedFake(): FakeTarget {
  const { options, target } = fakeFacts.published;
  return fakeTarget("published API", options, target);
}

function fakeTarget(name: string, options: FakeOptions, facts: Omit<Target, "fetch">): FakeTarget {
  const { fetch, control, close } = createFakeSandboxApi({ ...options, keptRequests });
  return { name, target: { ...facts, bootTimeoutMs, fetch, control }, close };
}

/** A server on an engine that can do no more than it must. */
export function leanFake(): FakeTarget {
  const { features, target } = fakeFacts.lean;
  const api = createSandboxApi({ engine: { ...createMemoryEngine(), features } });
  return {
    name: "lean engine",
    target: { ...target, bootTimeoutMs, fetch: (input, init) => api.fetch(input, init) },
    close: () => api.close(),
  };
}
