import { equal, isNonEmpty, rejects } from "../assert.ts";
import { casesOf } from "../case.ts";
import { body, refused } from "../http.ts";

export const lookup = casesOf("lookup", {
  "a sandbox is found by its whole name only": async (c) => {
    const { id, name } = await c.create({ name: c.name() });
    equal(body(await c.http("GET", "/v1/sandbox/lookup", { query: { name } })), { id }, "lookup");
    const answer = await c.http("GET", "/v1/sandbox/lookup", { query: { name: name.slice(0, -1) } });
    refused(answer, 404, "not_found", { says: [name.slice(0, -1)] });
  },

  "a sandbox without a name of its own is found by its id": async (c) => {
    const { id } = await c.create();
    equal(body(await c.http("GET", "/v1/sandbox/lookup", { query: { name: id } })), { id }, "lookup");
  },

  "a sandbox lookup without a name is refused": async (c) => {
    refused(await c.http("GET", "/v1/sandbox/lookup"), 400, "invalid_request", { field: "name" });
  },

  "a sandbox's status is found by its id, not by its name": async (c) => {
    const { id, name } = await c.create({ name: c.name() });
    equal((await c.status(id)).name, name, "name");
    refused(await c.http("GET", `/v1/sandbox/${name}`), 404, "not_found", { says: [name] });
  },

  "an unknown id is a 404 that names it": async (c) => {
    refused(await c.http("GET", "/v1/sandbox/no-such-sandbox"), 404, "not_found", { says: ["no-such-sandbox"] });
    refused(await c.http("DELETE", "/v1/sandbox/no-such-sandbox"), 404, "not_found", { says: ["no-such-sandbox"] });
  },

  "the client gets a sandbox by name, ended ones too": async (c) => {
    const porter = c.porter();
    const { id, name } = await c.create({ name: c.name() });
    await c.http("DELETE", `/v1/sandbox/${id}`);
    const sandbox = await porter.sandboxes.get(name);
    equal(sandbox.id, id, "id");
    equal((await sandbox.refresh()).phase, "terminated", "phase");
  },

  "an unknown name is a NotFoundError": async (c) => {
    const error = await rejects(
      c.porter().sandboxes.get(c.name("nobody")),
      { name: "NotFoundError", code: "not_found", statusCode: 404, retryable: false },
      "get of an unknown name",
    );
    isNonEmpty(error.requestId, "requestId");
  },
});
