// The servers in memory that the suite runs against in every runtime, made of the packed packages. What they are is read from
// fakeFacts, as the testing package's own fakes of the suite do (its contract/fake-targets.ts). They are made apart because
// these are published code alone; and here the published API has a shell too, and the lean engine lets pages of other origins in.
import { createSandboxApi } from "@porter-sandbox/api";
import { createFakeSandboxApi, createMemoryEngine, type FakeSandboxApi } from "@porter-sandbox/testing";
import { fakeFacts, type Target } from "@porter-sandbox/testing/contract";
import { bashShell } from "@porter-sandbox/testing/shell";

/** A server in memory. A case runs against the first kind that has what it needs. */
export type FakeKind = "full" | "published" | "lean" | "shell";

export const kinds: readonly FakeKind[] = ["full", "published", "lean", "shell"];

type Facts = Omit<Target, "fetch">;

const withShell = (facts: Facts): Facts => ({ ...facts, capabilities: [...facts.capabilities, "shell"] });

/** What a fake's target is, whichever way leads to it. */
export const facts: Readonly<Record<FakeKind, Facts>> = {
  /** Everything that there is but a shell, which answers only when its command has ended. */
  full: fakeFacts.full.target,
  /** The published API alone, with a shell. */
  published: withShell(fakeFacts.published.target),
  /** An engine that can do no more than it must. */
  lean: fakeFacts.lean.target,
  /** Everything with a shell, for what needs both it and an extension. */
  shell: withShell(fakeFacts.full.target),
};

export function createFake(kind: FakeKind): Pick<FakeSandboxApi, "fetch"> & Partial<Pick<FakeSandboxApi, "control">> {
  if (kind === "lean") {
    const engine = { ...createMemoryEngine(), features: fakeFacts.lean.features };
    const api = createSandboxApi({ engine, cors: { origins: "*" } });
    return { fetch: (input, init) => api.fetch(input, init) };
  }
  const { options } = kind === "published" ? fakeFacts.published : fakeFacts.full;
  return createFakeSandboxApi({ ...options, ...(kind === "full" ? {} : { shell: bashShell() }) });
}
