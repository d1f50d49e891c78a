import { equal, notEqual, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { type Answer, body, refused, status } from "../http.ts";

/** Creates with a key; whatever was created is terminated when the case ends. */
async function keyed(c: Context, key: string, spec: Record<string, unknown> = {}): Promise<Answer> {
  const answer = await c.http("POST", "/v1/sandbox/run", {
    json: { image: c.target.image, ...spec },
    headers: { "idempotency-key": key },
  });
  if (answer.status === 200) c.cleanup(() => c.http("DELETE", `/v1/sandbox/${answer.json.id}`));
  return answer;
}

const howMany = async (c: Context, tag: string) =>
  body(await c.http("GET", "/v1/sandbox", { query: { tag } })).sandboxes.length;

export const idempotency = casesOf("idempotency keys", {
  "the same key with the same body answers the same, once created": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const [key, suite] = [c.name("key"), c.name()];
      const first = body(await keyed(c, key, { tags: { suite } }));
      equal(body(await keyed(c, key, { tags: { suite } })), first, "the second answer");
      equal(await howMany(c, `suite=${suite}`), 1, "sandboxes");
    },
  },

  "of creates with one key at once, one creates": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const [key, suite] = [c.name("key"), c.name()];
      const answers = await Promise.all([1, 2, 3, 4].map(() => keyed(c, key, { name: suite, tags: { suite } })));
      equal(new Set(answers.map((answer) => body(answer).id)).size, 1, "different ids");
      equal(await howMany(c, `suite=${suite}`), 1, "sandboxes");
    },
  },

  "another order of fields is the same body": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const [key, suite] = [c.name("key"), c.name()];
      const send = (text: string) =>
        c.http("POST", "/v1/sandbox/run", {
          body: text,
          headers: { "idempotency-key": key, "content-type": "application/json" },
        });
      const image = JSON.stringify(c.target.image);
      const first = body(await send(`{"image":${image},"tags":{"suite":"${suite}"}}`));
      c.cleanup(() => c.http("DELETE", `/v1/sandbox/${first.id}`));
      equal(body(await send(`{ "tags": {"suite": "${suite}"}, "image": ${image} }`)), first, "the second answer");
    },
  },

  "another body with the same key is refused": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const key = c.name("key");
      const suite = c.name();
      status(await keyed(c, key, { tags: { suite } }), 200);
      refused(await keyed(c, key, { tags: { suite, more: "yes" } }), 409, "idempotency_key_reused");
      equal(await howMany(c, `suite=${suite}`), 1, "sandboxes");
    },
  },

  "another key creates another": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const one = body(await keyed(c, c.name("key")));
      const two = body(await keyed(c, c.name("key")));
      notEqual(two.id, one.id, "id of the second");
    },
  },

  "a refused create does not use its key up": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const key = c.name("key");
      refused(await keyed(c, key, { ttl_seconds: -1 }), 400, "invalid_request");
      refused(await keyed(c, key, { volume_mounts: { "/data": "vol-nothing" } }), 404, "not_found");
      status(await keyed(c, key, { ttl_seconds: 60 }), 200);
    },
  },

  "a key is kept when the sandbox has ended": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const key = c.name("key");
      const first = body(await keyed(c, key));
      await c.http("DELETE", `/v1/sandbox/${first.id}`);
      equal(body(await keyed(c, key)).id, first.id, "id of the second answer");
    },
  },

  "a key is kept for a day, and then free": {
    needs: ["idempotency_keys", "control"],
    run: async (c) => {
      const key = c.name("key");
      const first = body(await keyed(c, key));
      await c.control.advance(23.9 * 3_600_000);
      equal(body(await keyed(c, key)).id, first.id, "id within the day");
      await c.control.advance(0.2 * 3_600_000);
      notEqual(body(await keyed(c, key)).id, first.id, "id after it");
    },
  },

  "keys against the rules are refused and named": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      for (const key of ["with space", "x".repeat(256)]) {
        refused(await keyed(c, key), 400, "invalid_request", { field: /idempotency-key/i });
      }
      status(await keyed(c, c.name("x".repeat(240)).slice(0, 255)), 200);
    },
  },

  "a server without keys creates each time": {
    needs: ["no_extensions"],
    run: async (c) => {
      const key = c.name("key");
      const first = body(await keyed(c, key));
      notEqual(body(await keyed(c, key)).id, first.id, "id of the second");
    },
  },

  "the client sends a key with each create, another one each time": async (c) => {
    const keys: (string | null)[] = [];
    const porter = c.porterOver((input, init) => {
      const headers = new Headers(init?.headers);
      if (String(input).endsWith("/v1/sandbox/run")) keys.push(headers.get("idempotency-key"));
      return c.target.fetch(input, init);
    });
    for (let index = 0; index < 2; index += 1) {
      const sandbox = await porter.sandboxes.create({ image: c.target.image });
      c.cleanup(() => sandbox.terminate());
    }
    equal(
      keys.map((key) => /^[!-~]{16,255}$/.test(key ?? "")),
      [true, true],
      "keys of at least 16 visible characters",
    );
    notEqual(keys[0], keys[1], "the second key");
  },

  "a caller's own key is the one that is sent": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const idempotencyKey = c.name("mine");
      const made = [];
      for (let index = 0; index < 2; index += 1) {
        const sandbox = await c.porter().sandboxes.create({ image: c.target.image }, { idempotencyKey });
        c.cleanup(() => sandbox.terminate());
        made.push(sandbox.id);
      }
      equal(made[1], made[0], "id of the second");
    },
  },

  "a reused key is a ConflictError": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const idempotencyKey = c.name("mine");
      const porter = c.porter();
      const sandbox = await porter.sandboxes.create({ image: c.target.image }, { idempotencyKey });
      c.cleanup(() => sandbox.terminate());
      await rejects(
        porter.sandboxes.create({ image: c.target.image, ttl_seconds: 60 }, { idempotencyKey }),
        { name: "ConflictError", code: "idempotency_key_reused", statusCode: 409 },
        "create of something else with the same key",
      );
    },
  },
});
