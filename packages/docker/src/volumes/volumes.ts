import { EngineError } from "@porter-sandbox/api";
import type { DockerClient } from "../client.ts";
import { hasStatus, unless } from "../errors.ts";
import { label, type Names } from "../names.ts";
import type { VolumeHelpers } from "./helper.ts";

interface Volumes {
  create(id: string): Promise<void>;
  delete(id: string): Promise<void>;
  inventory(): Promise<string[]>;
  /** Removes what was deleted while an ended sandbox referred to it, as far as that is possible by now. */
  sweep(): Promise<void>;
}

interface VolumeList {
  readonly Volumes?: readonly { readonly Name: string; readonly Labels?: Record<string, string> | null }[] | null;
}

/**
 * Volumes as Docker's own. Docker keeps a volume as long as any container refers to it, an ended one included, and ended
 * sandboxes keep their containers for their logs. Such a volume is emptied at once and marked as deleted, by an empty
 * volume of its name: the mark outlives this process, and the volume goes when the last container does.
 */
export function createVolumes(client: DockerClient, names: Names, helpers: VolumeHelpers): Volumes {
  const make = (name: string, labels: Record<string, string>) =>
    client.call("POST", "/volumes/create", { json: { Name: name, Labels: labels } });

  const list = async (kind: "volume" | "deleted") => {
    const found = await client.call<VolumeList>("GET", "/volumes", { query: { filters: names.filters(kind) } });
    return (found.Volumes ?? []).flatMap(({ Labels }) => Labels?.[label.id] ?? []);
  };

  /** False when a container refers to it. */
  async function remove(name: string): Promise<boolean> {
    try {
      await unless([404], client.call("DELETE", `/volumes/${name}`));
      return true;
    } catch (error) {
      if (hasStatus(error, 409)) return false;
      throw error;
    }
  }

  return {
    async create(id) {
      await make(names.volume(id), names.labels("volume", id));
      // Starting the helper opens the volume to whatever user an image runs as.
      await helpers.use(id, async () => {});
    },

    async delete(id) {
      await helpers.drop(id);
      if (await remove(names.volume(id))) {
        await remove(names.deletedMark(id));
        return;
      }
      await make(names.deletedMark(id), names.labels("deleted", id));
      const { say } = await helpers.use(id, (helper) => helper.ask("wipe"));
      if (say !== "ok") throw new EngineError("engine_error", `volume ${id} could not be emptied`);
      await helpers.drop(id);
    },

    async inventory() {
      const [volumes, deleted] = await Promise.all([list("volume"), list("deleted")]);
      return volumes.filter((id) => !deleted.includes(id));
    },

    async sweep() {
      for (const id of await list("deleted")) {
        await helpers.drop(id);
        if (await remove(names.volume(id))) await remove(names.deletedMark(id));
      }
    },
  };
}
