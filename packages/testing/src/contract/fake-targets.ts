import { createSandboxApi } from "@porter-sandbox/api";
import type { Shell } from "../commands/command.ts";
import { createFakeSandboxApi } from "../fake.ts";
import { createMemoryEngine } from "../memory/engine.ts";
import { type Capability, capabilities, type Target } from "./target.ts";

/** A target in this process, and how to end it. */
export interface FakeTarget {
  readonly name: string;
  readonly target: Target;
  readonly close: () => Promise<void>;
}

const apiKey = "contract-key-of-the-fake";
const envGroup = { name: "shared", key: "SHARED", value: "from the group" };
const maxFileBytes = 2 * 1024 * 1024;
/** More than all other cases together ask for. */
const allMemoryBytes = 400e9;
const common = { image: "busybox:1", bootTimeoutMs: 30_000 };

const without = (...names: Capability[]) => capabilities.filter((name) => !names.includes(name));

/** The fake with everything that it has. */
export function fullFake(shell?: Shell): FakeTarget {
  const fake = createFakeSandboxApi({
    auth: { keys: [apiKey] },
    cors: { origins: "*" },
    envGroups: { [envGroup.name]: { [envGroup.key]: envGroup.value } },
    limits: { fileBytes: maxFileBytes },
    capacity: { memory_bytes: allMemoryBytes },
    keptRequests: 100_000,
    ...(shell ? { shell } : {}),
  });
  return {
    name: shell ? "fake with a shell" : "fake",
    target: {
      ...common,
      fetch: fake.fetch,
      control: fake.control,
      apiKey,
      envGroup,
      maxFileBytes,
      allMemoryBytes,
      capabilities: shell
        ? without("no_extensions", "refuses_unsupported")
        : without("no_extensions", "refuses_unsupported", "shell"),
    },
    close: () => fake.close(),
  };
}

/** A server of the published API alone. */
export function publishedFake(): FakeTarget {
  const capacity = { memory_bytes: allMemoryBytes };
  const fake = createFakeSandboxApi({ extensions: false, capacity, keptRequests: 100_000 });
  return {
    name: "published API",
    target: {
      ...common,
      fetch: fake.fetch,
      control: fake.control,
      allMemoryBytes,
      capabilities: without(
        "auth",
        "cors",
        "env_groups",
        "file_limit",
        "idempotency_keys",
        "lifetime",
        "log_filters",
        "status_reason",
        "exec_options",
        "exec_streams",
        "processes",
        "refuses_unsupported",
        "shell",
      ),
    },
    close: () => fake.close(),
  };
}

/** A server on an engine that can do no more than it must. */
export function leanFake(): FakeTarget {
  const features = {
    resources: false,
    egress: false,
    networking: false,
    snapshots: false,
    metrics: false,
    object_volumes: false,
  };
  const api = createSandboxApi({ engine: { ...createMemoryEngine(), features } });
  return {
    name: "lean engine",
    target: {
      ...common,
      fetch: (input, init) => api.fetch(input, init),
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
    close: () => api.close(),
  };
}
