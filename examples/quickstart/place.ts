// Where the quickstart's sandbox runs: in a container, when a Docker engine answers, has an image and can be made to hold
// the sandbox in, and otherwise in this process. Nothing is pulled, and nothing is given up silently: `why` says which it is.
import { createSandboxApi, type Engine, type SandboxApi } from "@porter-sandbox/api";
import { dockerEngine, surveyDocker } from "@porter-sandbox/docker";
import { createFakeSandboxApi } from "@porter-sandbox/testing";
import { bashShell } from "@porter-sandbox/testing/shell";

interface Place {
  /** For the client. */
  readonly fetch: SandboxApi["fetch"];
  /** What the sandbox is made of. */
  readonly image: string;
  /** One line: which engine, and why. */
  readonly why: string;
  /** Removes all that was made. */
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Any of them will do, for the sandbox and for what runs beside it. */
const images = ["busybox:1", "busybox:latest", "alpine:3", "alpine:latest"];
const wish = "for containers";

export async function findPlace(environment: Environment = process.env): Promise<Place> {
  const { unusable, unenforceable, images: found } = await surveyDocker({ images, environment });
  if (unusable !== undefined) return embedded(`${unusable}; ${wish}, start one or set DOCKER_HOST`);
  const [image] = found;
  if (image === undefined) {
    return embedded(`the Docker engine has none of the images ${images.join(", ")}; ${wish}, docker pull ${images[0]}`);
  }
  // Running without the packet filter is somebody's own decision, never the default.
  const egress = environment.QUICKSTART_EGRESS === "unenforced" ? "unenforced" : "enforced";
  if (egress === "enforced" && unenforceable !== undefined) {
    const hint = `${wish} that may reach your network, set QUICKSTART_EGRESS=unenforced`;
    return embedded(`a Docker engine answers, but egress cannot be enforced here, since ${unenforceable}; ${hint}`);
  }
  try {
    return await containers(image, egress, environment);
  } catch (error) {
    return embedded(`a Docker engine answers, but a sandbox did not start on it: ${(error as Error).message}`);
  }
}

function embedded(reason: string): Place {
  const api = createFakeSandboxApi({ shell: bashShell() });
  return {
    fetch: api.fetch,
    image: "python:3.12-slim",
    why: `on the embedded engine (memory, bash): ${reason}`,
    close: () => api.close(),
  };
}

async function containers(image: string, egress: "enforced" | "unenforced", environment: Environment): Promise<Place> {
  // A name of its own, so that it never touches what another server made; always the same one, so that it clears away
  // what an earlier run left that was killed.
  const docker = dockerEngine({ installation: "quickstart", helperImage: image, egress, proxy: false, environment });
  const engine: Engine = {
    ...docker,
    async close() {
      await removeAll(docker).finally(() => docker.close());
    },
  };
  try {
    await removeAll(engine);
    // What only shows when it is done: that the engine's processes are within reach of the filter, that the image runs.
    const trial = { id: "trial", name: "trial", image, command: ["true"], env: {}, volume_mounts: {} };
    await engine.startSandbox(trial, AbortSignal.timeout(30_000));
    await engine.removeSandbox(trial.id);
  } catch (error) {
    await engine.close().catch(() => {});
    throw error;
  }
  const filter =
    egress === "enforced" ? "behind a packet filter" : "without a packet filter, as QUICKSTART_EGRESS says";
  const api = createSandboxApi({ engine });
  const why = `on Docker, ${filter}: an engine answers and has ${image}`;
  return { fetch: api.fetch, image, why, close: () => api.close() };
}

async function removeAll(engine: Engine): Promise<void> {
  const { sandboxes, snapshots, volumes } = await engine.inventory();
  await Promise.all(sandboxes.map((id) => engine.removeSandbox(id)));
  await Promise.all([
    ...snapshots.map((id) => engine.deleteSnapshot(id)),
    ...volumes.map((id) => engine.deleteVolume(id)),
  ]);
}
