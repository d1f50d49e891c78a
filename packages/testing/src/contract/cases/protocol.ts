import { type OperationInfo, operations } from "@porter-sandbox/spec/operations";
import { equal, includes, isNonEmpty, notEqual, ok } from "../assert.ts";
import { casesOf } from "../case.ts";
import { refused, status } from "../http.ts";
import { pathOf } from "./auth.ts";

const origin = "https://app.example.com";

export const requestIds = casesOf("request ids", {
  "every answer has one, and no two are the same": async (c) => {
    const ids = [
      (await c.http("GET", "/healthz")).headers.get("x-request-id"),
      (await c.http("GET", "/v1/volume")).headers.get("x-request-id"),
      (await c.http("GET", "/v1/sandbox/no-such-sandbox")).headers.get("x-request-id"),
      (await c.http("GET", "/no/such/path")).headers.get("x-request-id"),
    ];
    for (const id of ids) isNonEmpty(id, "X-Request-Id");
    equal(new Set(ids).size, ids.length, "different ids");
  },

  "a request's own is kept": async (c) => {
    const id = c.name("request");
    const answer = await c.http("GET", "/v1/volume", { headers: { "x-request-id": id } });
    equal(answer.headers.get("x-request-id"), id, "X-Request-Id");
  },

  "one that could harm a log is not kept": {
    needs: ["any_headers"],
    run: async (c) => {
      for (const id of ["x".repeat(1000), "a b\tc", "<script>"]) {
        const answer = await c.http("GET", "/v1/volume", { headers: { "x-request-id": id } });
        status(answer, 200);
        notEqual(answer.headers.get("x-request-id"), id, "X-Request-Id");
        isNonEmpty(answer.headers.get("x-request-id"), "X-Request-Id");
      }
    },
  },
});

export const routing = casesOf("routing", {
  "a path that there is not is a 404": async (c) => {
    for (const path of ["/", "/v1", "/v1/nothing", "/v2/sandbox", "/v1/sandbox/a/b/c", "/v1/volume/x/files/other"]) {
      refused(await c.http("GET", path), 404, "not_found");
    }
  },

  "a method that a path has not is a 405 with those it has": async (c) => {
    const paths = new Map<string, string[]>();
    for (const info of Object.values(operations) as OperationInfo[]) {
      if (info.extension !== undefined && c.has("no_extensions")) continue;
      const path = pathOf(info);
      paths.set(path, [...(paths.get(path) ?? []), info.method]);
    }
    for (const [path, methods] of paths) {
      // The last path segment may also be an id: what is asked of that path is then what counts.
      const method = ["PATCH", "PUT", "POST"].find((name) => !methods.includes(name)) ?? "PATCH";
      const answer = await c.http(method, path, method === "PATCH" ? {} : { body: "{}" });
      refused(answer, 405, "method_not_allowed");
      const allowed = (answer.headers.get("allow") ?? "").split(/,\s*/);
      for (const name of methods) ok(allowed.includes(name), `Allow of ${path}: expected ${name} in ${allowed}`);
      ok(!allowed.includes(method), `Allow of ${path}: expected no ${method} in ${allowed}`);
    }
  },

  "a server without extensions has no list of them": {
    needs: ["no_extensions"],
    run: async (c) => {
      refused(await c.http("GET", "/v1/capabilities"), 404, "not_found");
    },
  },

  "a server without extensions leaves their fields out": {
    needs: ["no_extensions"],
    run: async (c) => {
      const { id } = await c.running();
      const result = await c.exec(id, ["echo", "hi"]);
      equal(Object.keys(result).sort(), ["exit_code", "stderr", "stdout"], "fields");
      const refusal = await c.http("GET", "/v1/sandbox/no-such-sandbox");
      status(refusal, 404);
      isNonEmpty(refusal.json.error, "error");
    },
  },

  "parameters that there are not are passed over": async (c) => {
    status(await c.http("GET", "/v1/volume", { query: { utm_source: "mail" } }), 200);
  },
});

export const cors = casesOf("cors", {
  "a preflight is answered, without a key": {
    needs: ["cors", "any_headers"],
    run: async (c) => {
      for (const [path, method] of [
        ["/v1/sandbox/run", "POST"],
        ["/v1/sandbox/some-id", "DELETE"],
        ["/v1/volume/some-id/files/content", "PUT"],
      ] as const) {
        const answer = await c.http("OPTIONS", path, {
          apiKey: null,
          headers: {
            origin,
            "access-control-request-method": method,
            "access-control-request-headers": "authorization,content-type,idempotency-key,range,x-request-id",
          },
        });
        ok(answer.status === 204 || answer.status === 200, `status: expected 204, got ${answer.status}`);
        includes(
          answer.headers.get("access-control-allow-origin"),
          /^(\*|https:\/\/app\.example\.com)$/,
          "allowed origin",
        );
        includes(answer.headers.get("access-control-allow-methods"), method, "allowed methods");
        const allowed = (answer.headers.get("access-control-allow-headers") ?? "").toLowerCase();
        for (const name of ["authorization", "content-type", "idempotency-key", "range", "x-request-id"]) {
          ok(allowed.includes(name), `allowed headers: expected ${name} in ${allowed}`);
        }
      }
    },
  },

  "answers may be read from another origin, refusals too": {
    needs: ["cors", "any_headers"],
    run: async (c) => {
      for (const path of ["/v1/volume", "/v1/sandbox/no-such-sandbox", "/no/such/path"]) {
        const answer = await c.http("GET", path, { headers: { origin } });
        includes(
          answer.headers.get("access-control-allow-origin"),
          /^(\*|https:\/\/app\.example\.com)$/,
          `origin of ${path}`,
        );
        const exposed = (answer.headers.get("access-control-expose-headers") ?? "").toLowerCase();
        for (const name of ["x-request-id", "retry-after", "content-range", "last-modified"]) {
          ok(exposed.includes(name), `exposed headers of ${path}: expected ${name} in ${exposed}`);
        }
      }
    },
  },
});
