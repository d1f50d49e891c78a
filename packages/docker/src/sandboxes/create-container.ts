/** The container of a sandbox as its plan describes it, made but not started. */
import { EngineError, type SandboxPlan } from "@porter-sandbox/api";
import type { DockerClient } from "../client.ts";
import { type DefaultLimits, type Isolation, sandboxBody } from "../container-body.ts";
import { hasStatus, unless } from "../errors.ts";
import { lacksImage } from "../images.ts";
import { inspectContainer } from "../inspection.ts";
import { removeCreated } from "../leftovers.ts";
import type { Names } from "../names.ts";
import type { Exposure } from "../proxy/ingress.ts";

export interface CreateOptions {
  readonly client: DockerClient;
  readonly names: Names;
  readonly limits: DefaultLimits;
  readonly isolation: Isolation;
  /** Whether sandboxes run behind a holder's packet filter. */
  readonly filtered: boolean;
}

/** The image has to be pulled first; what is told when it was. */
export class ImageMissing extends EngineError {
  constructor(image: string) {
    super("image_pull", `image ${image} could not be pulled: it is gone again`);
  }
}

/** Answers the container's id. Rejects with `ImageMissing` when the engine does not have the image. */
export async function createContainer(
  { client, names, limits, isolation, filtered }: CreateOptions,
  plan: SandboxPlan,
  networkMode: string,
  exposure: Exposure | undefined,
): Promise<string> {
  const image = plan.snapshot_id === undefined ? plan.image : names.snapshot(plan.snapshot_id);
  const name = names.container("sandbox", plan.id);
  const body = sandboxBody(plan, {
    ...{ names, limits, isolation, image, network: networkMode },
    ...{ exposure, publish: !filtered },
  });
  const attempt = async () => {
    // Not given the signal: whether a create that was called off has made a container could not be known.
    const { Id } = await client.call<{ Id: string }>("POST", "/containers/create", { query: { name }, json: body });
    return Id;
  };
  try {
    return await attempt();
  } catch (error) {
    if (lacksImage(error)) {
      if (plan.snapshot_id !== undefined)
        throw new EngineError("not_found", `snapshot ${plan.snapshot_id} does not exist`);
      throw new ImageMissing(plan.image);
    }
    if (hasStatus(error, 409) && (await removeUnstarted(client, name))) return attempt();
    if (hasStatus(error, 400) && /invalid reference format/i.test((error as Error).message)) {
      throw new EngineError("image_pull", `image ${plan.image} could not be pulled: ${(error as Error).message}`);
    }
    throw error;
  }
}

/** What a crash between create and start left behind stands in the way of a second try. */
async function removeUnstarted(client: DockerClient, name: string): Promise<boolean> {
  const found = await inspectContainer(client, name);
  return found?.State.Status === "created" && removeCreated(client, found.Id);
}

/** A mount would make a volume that is not there, as an empty one that nobody knows. */
export async function checkVolumes(
  { client, names }: Pick<CreateOptions, "client" | "names">,
  { volume_mounts }: SandboxPlan,
): Promise<void> {
  const check = async (id: string) => {
    const found = unless(
      [404],
      client.call("GET", `/volumes/${names.volume(id)}`).then(() => true),
    );
    if (!(await found)) throw new EngineError("not_found", `volume ${id} does not exist`);
  };
  await Promise.all(Object.values(volume_mounts).map(check));
}
