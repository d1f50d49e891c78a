import { equal, excludes, includes, isNonEmpty, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import type { Context } from "../context.ts";
import { body, refused, status } from "../http.ts";

/** A spec that breaks one rule, with the field that the refusal names, and the value when it may be shown. */
interface Wrong {
  readonly spec: Record<string, unknown>;
  readonly field: string;
  readonly value?: string;
}

const networking = (...entries: unknown[]) => ({ networking: entries });
const egress = (...allowed_destinations: unknown[]) => ({ egress: { allowed_destinations } });

/** Every rule on a create that needs no server to see: the server refuses it, and the client never sends it. */
const rules: Record<string, readonly Wrong[]> = {
  "empty and malformed names": [
    { spec: { name: "" }, field: "name" },
    { spec: { name: "Upper" }, field: "name", value: "Upper" },
    { spec: { name: "under_score" }, field: "name", value: "under_score" },
    { spec: { name: "-start" }, field: "name", value: "-start" },
    { spec: { name: "end-" }, field: "name", value: "end-" },
    { spec: { name: "a.b" }, field: "name", value: "a.b" },
    { spec: { name: "žluť" }, field: "name", value: "žluť" },
    { spec: { name: "x".repeat(64) }, field: "name" },
    { spec: { name: 7 }, field: "name", value: "7" },
  ],
  "malformed images": [
    { spec: { image: "   " }, field: "image" },
    { spec: { image: "two words" }, field: "image", value: "two words" },
    { spec: { image: "line\nbreak" }, field: "image" },
    { spec: { image: ["busybox"] }, field: "image" },
  ],
  "malformed commands and arguments": [
    { spec: { command: [] }, field: "command" },
    { spec: { command: [""] }, field: "command" },
    { spec: { command: "echo hi" }, field: "command", value: "echo hi" },
    { spec: { command: ["echo", 7] }, field: "command", value: "7" },
    { spec: { args: "hi" }, field: "args", value: "hi" },
    { spec: { args: [true] }, field: "args", value: "true" },
  ],
  "mount paths that are relative, empty or climb": [
    { spec: { volume_mounts: { "data/x": "vol-1" } }, field: "volume_mounts", value: "data/x" },
    { spec: { volume_mounts: { "": "vol-1" } }, field: "volume_mounts" },
    { spec: { volume_mounts: { "/": "vol-1" } }, field: "volume_mounts" },
    { spec: { volume_mounts: { "/a/../b": "vol-1" } }, field: "volume_mounts", value: "/a/../b" },
    { spec: { volume_mounts: { "/..": "vol-1" } }, field: "volume_mounts", value: "/.." },
    { spec: { volume_mounts: { "/data": "" } }, field: "volume_mounts" },
    { spec: { volume_mounts: { "/data": 5 } }, field: "volume_mounts" },
    { spec: { volume_mounts: ["/data"] }, field: "volume_mounts" },
  ],
  "mount paths that are the same": [
    { spec: { volume_mounts: { "/data": "vol-1", "/data/": "vol-2" } }, field: "volume_mounts" },
    { spec: { volume_mounts: { "/data": "vol-1", "//data": "vol-2" } }, field: "volume_mounts" },
  ],
  "ports outside 1024 to 65535": [
    { spec: networking({ port: 1023 }), field: "port", value: "1023" },
    { spec: networking({ port: 80 }), field: "port", value: "80" },
    { spec: networking({ port: 0 }), field: "port", value: "0" },
    { spec: networking({ port: 65_536 }), field: "port", value: "65536" },
    { spec: networking({ port: 8080.5 }), field: "port", value: "8080.5" },
    { spec: networking({ port: "8080" }), field: "port", value: "8080" },
    { spec: networking({}), field: "port" },
  ],
  "more than one networking entry or domain": [
    { spec: networking({ port: 8080 }, { port: 8081 }), field: "networking" },
    { spec: networking({ port: 8080, domains: [{ domain: "a.example.com" }, {}] }), field: "domains" },
    { spec: { networking: { port: 8080 } }, field: "networking" },
  ],
  "internal together with domains": [
    { spec: networking({ port: 8080, internal: true, domains: [{ visibility: "public" }] }), field: "networking" },
  ],
  "malformed domains": [
    { spec: networking({ port: 8080, domains: [{ domain: "not a host" }] }), field: "domain", value: "not a host" },
    { spec: networking({ port: 8080, domains: [{ visibility: "secret" }] }), field: "visibility", value: "secret" },
  ],
  "malformed egress entries": [
    ...["10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "256.1.1.1", "2001:db8::/129", "10.0.0.0/8/8"].map((value) => ({
      spec: egress(value),
      field: "egress",
      value,
    })),
    ...["*", "*.", "a.*.com", "**.example.com", "*example.com", "exa mple.com", "http://example.com", "-a.com"].map(
      (value) => ({ spec: egress(value), field: "egress", value }),
    ),
    { spec: egress(""), field: "egress" },
    { spec: egress(7), field: "egress", value: "7" },
    { spec: { egress: { allowed_destinations: "example.com" } }, field: "egress" },
    { spec: { egress: {} }, field: "egress" },
    { spec: { egress: [] }, field: "egress" },
  ],
  "times to live that are no whole positive seconds": [
    ...[0, -1, 1.5, 31_536_001].map((value) => ({
      spec: { ttl_seconds: value },
      field: "ttl_seconds",
      value: String(value),
    })),
    { spec: { ttl_seconds: "60" }, field: "ttl_seconds", value: "60" },
  ],
  "resources that are no quantities, none or too much": [
    ...["fast", "-1", "0", "500mm", "257", "1.5.0", ""].map((value) => ({
      spec: { resources: { cpu: value } },
      field: "cpu",
      value,
    })),
    ...["lots", "-1Gi", "0", "512 Mi", "2Ti", "4gb"].map((value) => ({
      spec: { resources: { memory: value } },
      field: "memory",
      value,
    })),
    { spec: { resources: { cpu: 2 } }, field: "cpu", value: "2" },
    { spec: { resources: { disk: "1Gi" } }, field: "disk" },
  ],
  "malformed tags": [
    { spec: { tags: { "": "x" } }, field: "tags" },
    { spec: { tags: { "a=b": "x" } }, field: "tags", value: "a=b" },
    { spec: { tags: { a: 5 } }, field: "tags" },
    { spec: { tags: ["a"] }, field: "tags" },
  ],
  "malformed environment variables": [
    { spec: { env: { "": "x" } }, field: "env" },
    { spec: { env: { "A=B": "x" } }, field: "env" },
    { spec: { env: { A: 5 } }, field: "env" },
    { spec: { env: "A=B" }, field: "env" },
    { spec: { env_groups: "shared" }, field: "env_groups", value: "shared" },
    { spec: { env_groups: [""] }, field: "env_groups" },
  ],
  "NUL bytes": [
    { spec: { image: "busy\u0000box" }, field: "image" },
    { spec: { command: ["echo", "a\u0000b"] }, field: "command" },
    { spec: { args: ["a\u0000b"] }, field: "args" },
    { spec: { env: { A: "a\u0000b" } }, field: "env" },
    { spec: { tags: { a: "a\u0000b" } }, field: "tags" },
    { spec: { volume_mounts: { "/a\u0000b": "vol-1" } }, field: "volume_mounts" },
  ],
  "text that is no Unicode": [
    { spec: { command: ["echo", "\ud800"] }, field: "command" },
    { spec: { env: { A: "\udfff" } }, field: "env" },
    { spec: { tags: { a: "\ud800x" } }, field: "tags" },
  ],
  "fields that there are not": [
    { spec: { imagee: "busybox" }, field: "imagee" },
    { spec: networking({ port: 8080, protocol: "udp" }), field: "protocol" },
  ],
};

async function refusedByServer(c: Context, wrongs: readonly Wrong[]): Promise<void> {
  for (const wrong of wrongs) {
    const name = c.name();
    const answer = await c.http("POST", "/v1/sandbox/run", { json: { image: c.target.image, name, ...wrong.spec } });
    const { value } = wrong;
    refused(answer, 400, "invalid_request", { field: wrong.field, says: value === undefined ? [] : [value] });
    includes(answer.json.error, /must|may|is not|no |not /, "the message states the rule");
    status(await c.http("GET", "/v1/sandbox/lookup", { query: { name } }), 404);
  }
}

async function refusedByClient(c: Context, wrongs: readonly Wrong[]): Promise<void> {
  const { porter, sent } = c.offline();
  for (const { spec, field, value } of wrongs) {
    const what = JSON.stringify(spec);
    const error = await rejects(
      porter.sandboxes.create({ image: c.target.image, ...spec } as Parameters<typeof porter.sandboxes.create>[0]),
      { name: "InvalidRequestError", statusCode: undefined, admitted: false, retryable: false },
      what,
    );
    includes(error.message, field, `the message for ${what}`);
    includes(error.field, field, `field for ${what}`);
    if (value !== undefined) includes(error.message, value, `the message for ${what}`);
  }
  equal(sent, [], "sent");
}

export const badInput = casesOf("bad input", {
  ...Object.fromEntries(
    Object.entries(rules).map(([title, wrongs]) => [
      `the server refuses ${title}`,
      (c: Context) => refusedByServer(c, wrongs),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(rules).map(([title, wrongs]) => [
      `the client sends no ${title}`,
      (c: Context) => refusedByClient(c, wrongs),
    ]),
  ),

  "values of environment variables are not repeated": async (c) => {
    const secret = "s3cret-value";
    const spec = { image: c.target.image, env: { GREETING: `${secret}\u0000` } };
    const answer = await c.http("POST", "/v1/sandbox/run", { json: spec });
    refused(answer, 400, "invalid_request", { field: "env" });
    excludes(answer.text, secret, "the refusal");
    const error = await rejects(c.offline().porter.sandboxes.create(spec), { name: "InvalidRequestError" }, "create");
    excludes(`${error.message} ${error.stack} ${JSON.stringify(error)}`, secret, "the error");
  },

  "a body that is no JSON is refused": async (c) => {
    const headers = { "content-type": "application/json" };
    for (const text of ["", "{", "not json", '{"image": "x",}', "\u0000"]) {
      refused(await c.http("POST", "/v1/sandbox/run", { body: text, headers }), 400, "invalid_request", {
        says: [/json/i],
      });
    }
  },

  "a body that is no object is refused": async (c) => {
    for (const json of [null, [], "image", 7, true]) {
      refused(await c.http("POST", "/v1/sandbox/run", { json }), 400, "invalid_request");
    }
  },

  "a body that is no UTF-8 is refused": async (c) => {
    const text = new TextEncoder().encode('{"image":"busybox","tags":{"a":"?"}}');
    text[text.indexOf(63)] = 0xff;
    const answer = await c.http("POST", "/v1/sandbox/run", {
      body: text,
      headers: { "content-type": "application/json" },
    });
    refused(answer, 400, "invalid_request", { says: [/utf-8/i] });
  },

  "a body over a mebibyte is refused": async (c) => {
    const json = { image: c.target.image, args: ["x".repeat(1_100_000)] };
    const answer = refused(await c.http("POST", "/v1/sandbox/run", { json }), 413, "body_too_large");
    includes(answer.json.error, /\d/, "the message names the limit");
  },

  "a null is refused, not taken for absence": async (c) => {
    for (const field of ["name", "command", "ttl_seconds", "volume_mounts"]) {
      const answer = await c.http("POST", "/v1/sandbox/run", { json: { image: c.target.image, [field]: null } });
      refused(answer, 400, "invalid_request", { field });
    }
  },

  "names of object prototypes are names like others": async (c) => {
    const text = `{"image":${JSON.stringify(c.target.image)},"env":{"__proto__":"x"},"tags":{"constructor":"y"}}`;
    const headers = { "content-type": "application/json" };
    const { id } = body(await c.http("POST", "/v1/sandbox/run", { body: text, headers }));
    c.cleanup(() => c.http("DELETE", `/v1/sandbox/${id}`));
    equal((await c.phase(id, "running")).tags?.constructor, "y", "the tag");
    equal((await c.exec(id, ["printenv", "__proto__"])).stdout, "x\n", "the variable");
  },

  "ids that try to be paths lead nowhere": {
    needs: ["any_headers"],
    run: async (c) => {
      for (const id of ["..%2f..%2fv1%2fvolume", "%00", "a%2Fb", "%ff", "%"]) {
        const answer = await c.http("GET", `/v1/sandbox/${id}`);
        equal(
          answer.status === 404 || answer.status === 400,
          true,
          `status for ${id} is 400 or 404 (${answer.status})`,
        );
        isNonEmpty(answer.json.error, `error for ${id}`);
      }
    },
  },

  "ids that try to be paths never leave the client's hands as such": async (c) => {
    const paths: string[] = [];
    const porter = c.porterOver(
      async (input) => {
        paths.push(new URL(String(input)).pathname);
        return new Response(JSON.stringify({ error: "no such sandbox" }), { status: 404 });
      },
      { baseUrl: "http://sandbox-api.local" },
    );
    for (const id of ["a/b", "a?b", "a#b", "ž", "a%2fb"]) {
      await rejects(porter.raw.getSandbox({ path: { id } }), { name: "NotFoundError" }, id);
    }
    for (const id of ["", ".", ".."]) {
      await rejects(porter.raw.getSandbox({ path: { id } }), { name: "InvalidRequestError" }, JSON.stringify(id));
    }
    for (const path of paths) equal(path.split("/").length, 4, `segments of ${path}`);
  },

  "options of calls against the rules never leave the client": async (c) => {
    const { porter, sent } = c.offline();
    for (const timeoutMs of [0, -1, Number.NaN, "5" as unknown as number]) {
      await rejects(
        porter.volumes.list({ timeoutMs }),
        { name: "InvalidRequestError", field: "timeoutMs" },
        String(timeoutMs),
      );
    }
    await rejects(porter.volumes.get(""), { name: "InvalidRequestError", field: "name" }, "get of no name");
    equal(sent, [], "sent");
  },
});
