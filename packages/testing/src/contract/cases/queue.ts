import { equal, fail } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { nothing, refused } from "../http.ts";

/** A spec that asks for this share of all the memory that the server may promise. */
function share(c: Context, part: number): { resources: { memory: string } } {
  const all = c.target.allMemoryBytes ?? fail("the target does not say how much memory there is");
  return { resources: { memory: String(Math.floor(all * part)) } };
}

/** Nothing else may run meanwhile: they all share what is promised. */
export const queue = casesOf("queue", {
  "a sandbox waits as queued while the memory is promised to others": {
    needs: ["queue"],
    exclusive: true,
    run: async (c) => {
      const first = await c.running(share(c, 0.8));
      const second = await c.create(share(c, 0.8));
      // What comes after it is not let past it, however small.
      const third = await c.create(share(c, 0.1));
      for (let look = 0; look < 5; look += 1) {
        const state = await c.status(second.id);
        equal(state.phase, "queued", "phase of what does not fit");
        equal(state.started_at, undefined, "started_at");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      equal((await c.status(third.id)).phase, "queued", "phase of what came later");
      const refusal = await c.http("POST", `/v1/sandbox/${second.id}/exec`, { json: { command: ["true"] } });
      refused(refusal, 409, "sandbox_not_running");
      equal(refusal.json.phase, "queued", "phase of the refusal");
      nothing(await c.http("DELETE", `/v1/sandbox/${first.id}`));
      await c.phase(second.id, "running");
      await c.phase(third.id, "running");
    },
  },

  "one that ends by itself makes room too": {
    needs: ["queue", "exit_codes"],
    exclusive: true,
    run: async (c) => {
      const first = await c.create({ ...share(c, 0.8), command: ["sleep", "0.2"] });
      const second = await c.create(share(c, 0.8));
      await c.phase(second.id, "running");
      equal((await c.status(first.id)).phase, "succeeded", "phase of the one before");
    },
  },

  "a queued sandbox can be terminated, and lets those behind it through": {
    needs: ["queue"],
    exclusive: true,
    run: async (c) => {
      await c.running(share(c, 0.8));
      const large = await c.create(share(c, 0.8));
      const small = await c.create(share(c, 0.1));
      equal((await c.status(small.id)).phase, "queued", "phase behind the large one");
      nothing(await c.http("DELETE", `/v1/sandbox/${large.id}`));
      equal((await c.status(large.id)).phase, "terminated", "phase of the large one");
      await c.phase(small.id, "running");
    },
  },

  "what can never fit is refused, and names the field": {
    needs: ["queue"],
    run: async (c) => {
      const answer = await c.http("POST", "/v1/sandbox/run", { json: { image: c.target.image, ...share(c, 2) } });
      refused(answer, 422, "unsupported", { field: "resources.memory" });
    },
  },
});
