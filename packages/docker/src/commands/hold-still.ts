import type { DockerClient } from "../client.ts";
import { hasStatus, unless } from "../errors.ts";

/** Holds a sandbox still. Engines give up on what starts processes without end, after some tries of their own. */
export async function holdStill(client: DockerClient, container: string): Promise<void> {
  for (let tries = 20; ; tries -= 1) {
    try {
      // 409: it is held still already, or has ended.
      return void (await unless([404, 409], client.call("POST", `/containers/${container}/pause`)));
    } catch (error) {
      if (tries <= 1) throw error;
    }
  }
}

/**
 * Lets a sandbox move again; fine when it does, or has ended. Rejects when the engine cannot after some tries, since what
 * stays held still does nothing any more.
 */
export async function release(client: Pick<DockerClient, "call">, container: string): Promise<void> {
  for (let tries = 5; ; tries -= 1) {
    try {
      return void (await unless([404, 409], client.call("POST", `/containers/${container}/unpause`)));
    } catch (error) {
      // Engines before 23 say 500 of one that is not paused, as of everything that they failed at.
      if (hasStatus(error, 500) && /is not (paused|running)/i.test((error as Error).message)) return;
      if (tries <= 1) throw error;
    }
  }
}
