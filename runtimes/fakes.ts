import { createSandboxApi } from "@porter-sandbox/api";
import { createFakeSandboxApi, createMemoryEngine, type FakeSandboxApi } from "@porter-sandbox/testing";
import { type Capability, capabilities, type Target } from "@porter-sandbox/testing/contract";
import { bashShell } from "@porter-sandbox/testing/shell";

/** A server in memory. A case runs against the first kind that has what it needs. */
export type FakeKind = "full" | "published" | "lean" | "shell";

export const kinds: readonly FakeKind[] = ["full", "published", "lean", "shell"];

/** More than all other cases together ask for. */
const allMemoryBytes = 400e9;

const everything = {
  image: "busybox:1",
  apiKey: "contract-key-of-the-fake",
  envGroup: { name: "shared", key: "SHARED", value: "from the group" },
  maxFileBytes: 2 * 1024 * 1024,
  allMemoryBytes,
};

/** What a fake's target is, whichever way leads to it. */
export const facts: Readonly<Record<FakeKind, Omit<Target, "fetch">>> = {
  /** Everything that there is but a shell, which answers only when its command has ended. */
  full: { ...everything, capabilities: without("no_extensions", "refuses_unsupported", "shell") },
  /** The published API alone, with a shell. */
  published: {
    image: "busybox:1",
    allMemoryBytes,
    capabilities: without(
      ...(["auth", "env_groups", "file_limit", "refuses_unsupported"] as const),
      ...(["idempotency_keys", "exec_options", "exec_streams", "processes"] as const),
      ...(["lifetime", "status_reason", "log_filters"] as const),
    ),
  },
  /** An engine that can do no more than it must. */
  lean: {
    image: "busybox:1",
    capabilities: [
      "exit_codes",
      "idempotency_keys",
      "lifetime",
      "log_filters",
      "status_reason",
      "exec_options",
      "exec_streams",
      "processes",
      "refuses_unsupported",
      "sandbox_files",
      "many",
      "any_headers",
      "streamed_uploads",
    ],
  },
  /** Everything with a shell, for what needs both it and an extension. */
  shell: { ...everything, capabilities: without("no_extensions", "refuses_unsupported") },
};

function without(...names: Capability[]): Capability[] {
  return capabilities.filter((name) => !names.includes(name));
}

/** Browsers ask every server whether they may. */
const cors = { origins: "*" } as const;

export function createFake(kind: FakeKind): Pick<FakeSandboxApi, "fetch"> & Partial<Pick<FakeSandboxApi, "control">> {
  const { apiKey, envGroup, maxFileBytes } = facts[kind];
  if (kind === "lean") {
    const features = {
      resources: false,
      egress: false,
      networking: false,
      snapshots: false,
      metrics: false,
      object_volumes: false,
    };
    const api = createSandboxApi({ engine: { ...createMemoryEngine(), features }, cors });
    return { fetch: (input, init) => api.fetch(input, init) };
  }
  return createFakeSandboxApi({
    cors,
    capacity: { memory_bytes: allMemoryBytes },
    extensions: kind !== "published",
    ...(kind === "full" ? {} : { shell: bashShell() }),
    ...(apiKey === undefined ? {} : { auth: { keys: [apiKey] } }),
    ...(envGroup === undefined ? {} : { envGroups: { [envGroup.name]: { [envGroup.key]: envGroup.value } } }),
    ...(maxFileBytes === undefined ? {} : { limits: { fileBytes: maxFileBytes } }),
  });
}
