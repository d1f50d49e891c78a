import { type OperationId, type OperationInfo, operations } from "@porter-sandbox/spec/operations";
import { equal, excludes, includes, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { body, refused, status } from "../http.ts";

const guarded = (Object.entries(operations) as [OperationId, OperationInfo][]).filter(([, { auth }]) => auth);

/** A path of the operation that leads to nothing: a key is asked for before anything is looked up. */
export const pathOf = (info: OperationInfo) => info.path.replaceAll(/\{\w+\}/g, "nothing-of-this-id");

export const auth = casesOf("auth", {
  "health and readiness need no key": {
    needs: ["auth"],
    run: async (c) => {
      body(await c.http("GET", "/healthz", { apiKey: null }));
      body(await c.http("GET", "/readyz", { apiKey: null }));
    },
  },

  "a scheme other than bearer is refused": {
    needs: ["auth"],
    run: async (c) => {
      const headers = { authorization: `Basic ${c.target.apiKey}` };
      refused(await c.http("GET", "/v1/sandbox", { apiKey: null, headers }), 401, "unauthenticated");
    },
  },

  "the scheme's case does not matter": {
    needs: ["auth"],
    run: async (c) => {
      const headers = { authorization: `bearer ${c.target.apiKey}` };
      status(await c.http("GET", "/v1/sandbox", { apiKey: null, headers }), 200);
    },
  },

  "a key that only begins like the right one is refused": {
    needs: ["auth"],
    run: async (c) => {
      for (const apiKey of [`${c.target.apiKey}x`, c.target.apiKey?.slice(0, -1) ?? ""]) {
        refused(await c.http("GET", "/v1/volume", { apiKey }), 401, "unauthenticated");
      }
    },
  },

  "a refused key is asked for with WWW-Authenticate": {
    needs: ["auth"],
    run: async (c) => {
      const answer = refused(await c.http("GET", "/v1/volume", { apiKey: null }), 401, "unauthenticated");
      includes(answer.headers.get("www-authenticate"), /^Bearer/i, "WWW-Authenticate");
    },
  },

  "a wrong key is an AuthenticationError that does not show it": {
    needs: ["auth"],
    run: async (c) => {
      const apiKey = "wrong-key-0123456789";
      const porter = c.porter({ apiKey });
      const error = await rejects(
        porter.sandboxes.list(),
        { name: "AuthenticationError", statusCode: 401, code: "unauthenticated", retryable: false, admitted: false },
        "list with a wrong key",
      );
      excludes(`${error.message} ${error.stack} ${JSON.stringify(error)}`, apiKey, "the error");
    },
  },

  "a key may be a function, asked for each attempt": {
    needs: ["auth", "control"],
    run: async (c) => {
      let asked = 0;
      const porter = c.porter({
        apiKey: async () => {
          asked += 1;
          return c.target.apiKey ?? "";
        },
      });
      await c.fault("listVolumes", { kind: "status", status: 503, commit: false });
      await porter.volumes.list();
      equal(asked, 2, "times the key was asked for");
    },
  },

  ...Object.fromEntries(
    guarded.map(([id, info]) => [
      `${id} needs a key`,
      {
        needs: ["auth"] as const,
        run: async (c: Context) => {
          for (const apiKey of [null, "wrong-key-0123456789"]) {
            const answer = await c.http(info.method, pathOf(info), {
              apiKey,
              ...(info.body === "json" ? { json: {} } : {}),
              ...(info.body === "bytes" ? { body: "x" } : {}),
            });
            refused(answer, 401, "unauthenticated");
          }
        },
      },
    ]),
  ),
});
