import { equal, includes, isInteger, isNonEmpty, ok, show } from "../assert.ts";
import { casesOf } from "../case.ts";
import { body } from "../http.ts";

export const health = casesOf("health", {
  "healthz says ok": async (c) => {
    equal(body(await c.http("GET", "/healthz")).status, "ok", "status");
  },

  "readyz says ready and how many sandboxes are active": async (c) => {
    await c.running();
    const answer = body(await c.http("GET", "/readyz"));
    isNonEmpty(answer.status, "status");
    isInteger(answer.active_sandboxes, "active_sandboxes");
    ok(answer.active_sandboxes >= 1, `active_sandboxes: expected at least 1, got ${answer.active_sandboxes}`);
  },

  "readyz tells whether egress is enforced, where the server says that it does": async (c) => {
    const listed = await c.http("GET", "/v1/capabilities");
    const told = listed.status === 200 && (listed.json.extensions as string[]).includes("egress_state");
    const { egress } = body(await c.http("GET", "/readyz"));
    equal(egress !== undefined, told, "egress is there");
    if (told) ok(egress === "enforced" || egress === "unenforced", `egress: expected whether, got ${show(egress)}`);
  },

  "readyz counts what waits or runs, and nothing that ended": {
    needs: ["control"],
    run: async (c) => {
      const active = async () => body(await c.http("GET", "/readyz")).active_sandboxes;
      const before = await active();
      const made = await c.running();
      equal(await active(), before + 1, "active_sandboxes with one more");
      await c.http("DELETE", `/v1/sandbox/${made.id}`);
      equal(await active(), before, "active_sandboxes after it was terminated");
    },
  },

  "the client reads health and readiness": async (c) => {
    const porter = c.porter();
    equal((await porter.healthz()).status, "ok", "healthz");
    isInteger((await porter.readyz()).active_sandboxes, "readyz");
  },
});

export const capabilities = casesOf("capabilities", {
  "the extensions that the server has are listed": {
    needs: ["idempotency_keys"],
    run: async (c) => {
      const answer = body(await c.http("GET", "/v1/capabilities"));
      ok(
        Array.isArray(answer.extensions) && answer.extensions.every((name: unknown) => typeof name === "string"),
        "extensions: expected an array of strings",
      );
      ok(answer.extensions.includes("idempotency_keys"), "extensions: expected idempotency_keys among them");
    },
  },

  "a client of a server without extensions still creates and executes": {
    needs: ["any_headers"],
    run: async (c) => {
      // A server of the published API alone: it has no capabilities and knows no keys.
      const sent: string[] = [];
      const porter = c.porterOver(async (input, init) => {
        const request = new Request(input, init);
        if (new URL(request.url).pathname.endsWith("/v1/capabilities")) {
          return new Response(JSON.stringify({ error: "not found" }), { status: 404 });
        }
        sent.push(new URL(request.url).pathname);
        const headers = new Headers(request.headers);
        headers.delete("idempotency-key");
        return c.target.fetch(request.url, {
          method: request.method,
          headers,
          signal: request.signal,
          ...(request.body === null ? {} : { body: await request.arrayBuffer() }),
        });
      });
      const sandbox = await porter.sandboxes.create({ image: c.target.image });
      c.cleanup(() => sandbox.terminate());
      includes((await sandbox.exec(["echo", "published"])).stdout, "published", "stdout");
      equal(sent.filter((path) => path.endsWith("/run")).length, 1, "creates sent");
    },
  },
});
