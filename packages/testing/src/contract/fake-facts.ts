import type { EngineFeatures } from "@porter-sandbox/api";
import type { FakeOptions } from "../fake.ts";
import { type Capability, capabilities, type Target } from "./target.ts";

/** What a target is, whichever way leads to it. */
type Facts = Omit<Target, "fetch">;

const image = "busybox:1";
const apiKey = "contract-key-of-the-fake";
const envGroup = { name: "shared", key: "SHARED", value: "from the group" };
const maxFileBytes = 2 * 1024 * 1024;
/** More than all other cases together ask for. */
const allMemoryBytes = 400e9;
const capacity = { memory_bytes: allMemoryBytes };

const without = (...names: Capability[]) => capabilities.filter((name) => !names.includes(name));

/**
 * The servers in memory that the suite is itself run against, as plain data: what each is made with, and what it then is
 * as a target. None has a shell; who gives it one adds the capability.
 */
export const fakeFacts: {
  readonly full: { readonly options: FakeOptions; readonly target: Facts };
  readonly published: { readonly options: FakeOptions; readonly target: Facts };
  readonly lean: { readonly features: EngineFeatures; readonly target: Facts };
} = {
  /** The fake with everything that it has. */
  full: {
    options: {
      auth: { keys: [apiKey] },
      envGroups: { [envGroup.name]: { [envGroup.key]: envGroup.value } },
      limits: { fileBytes: maxFileBytes },
      capacity,
    },
    target: {
      image,
      apiKey,
      envGroup,
      maxFileBytes,
      allMemoryBytes,
      capabilities: without("no_extensions", "refuses_unsupported", "shell"),
    },
  },
  /** A server of the published API alone. */
  published: {
    options: { extensions: false, capacity },
    target: {
      image,
      allMemoryBytes,
      capabilities: without(
        "auth",
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
  },
  /** A server on an engine that can do no more than it must. */
  lean: {
    features: {
      resources: false,
      egress: false,
      networking: false,
      snapshots: false,
      metrics: false,
      object_volumes: false,
    },
    target: {
      image,
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
  },
};
