import { equal, includes, isNonEmpty, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import { body, nothing, refused } from "../http.ts";

export const volumes = casesOf("volumes", {
  "a volume starts pending or ready and becomes ready": async (c) => {
    const made = body(await c.http("POST", "/v1/volume", { json: {} }));
    c.cleanup(() => c.http("DELETE", `/v1/volume/${made.id}`));
    includes(made.phase, /^(pending|ready)$/, "phase");
    equal([made.name, made.type, made.attached_to], [made.id, "disk", []], "name, type, attached_to");
    isNonEmpty(made.path, "path");
    timeOf(made.created_at, "created_at");
    await c.until("the volume to be ready", async () =>
      body(await c.http("GET", `/v1/volume/${made.id}`)).phase === "ready" ? true : undefined,
    );
  },

  "the body may be left out": async (c) => {
    const made = body(await c.http("POST", "/v1/volume"));
    c.cleanup(() => c.http("DELETE", `/v1/volume/${made.id}`));
    equal(made.name, made.id, "name");
  },

  "a volume is found by name, listed, and the same each time": async (c) => {
    const name = c.name();
    const { id } = await c.volume({ name });
    equal(body(await c.http("GET", "/v1/volume/lookup", { query: { name } })), { id }, "lookup");
    const one = body(await c.http("GET", `/v1/volume/${id}`));
    const { volumes: all } = body(await c.http("GET", "/v1/volume"));
    equal(
      all.filter((volume: { id: string }) => volume.id === id),
      [one],
      "in the list",
    );
    refused(await c.http("GET", "/v1/volume/lookup", { query: { name: name.slice(0, -1) } }), 404, "not_found");
  },

  "a taken name is refused, and free again once its volume is deleted": async (c) => {
    const name = c.name();
    const { id } = await c.volume({ name });
    const answer = await c.http("POST", "/v1/volume", { json: { name } });
    refused(answer, 409, "name_taken", { field: "name", says: [name] });
    nothing(await c.http("DELETE", `/v1/volume/${id}`));
    refused(await c.http("GET", "/v1/volume/lookup", { query: { name } }), 404, "not_found", { says: [name] });
    const again = await c.volume({ name });
    ok(again.id !== id, "id: expected another one");
    equal(body(await c.http("GET", "/v1/volume/lookup", { query: { name } })), { id: again.id }, "lookup");
  },

  "a new volume of an old name is empty": async (c) => {
    const name = c.name();
    const { id } = await c.volume({ name });
    await c.put(id, "/left.txt", "x");
    nothing(await c.http("DELETE", `/v1/volume/${id}`));
    const again = await c.volume({ name });
    equal(body(await c.http("GET", `/v1/volume/${again.id}/files`)).entries, [], "entries");
  },

  "a deleted volume is gone": async (c) => {
    const { id } = await c.volume();
    nothing(await c.http("DELETE", `/v1/volume/${id}`));
    refused(await c.http("GET", `/v1/volume/${id}`), 404, "not_found", { says: [id] });
    refused(await c.http("DELETE", `/v1/volume/${id}`), 404, "not_found", { says: [id] });
    refused(await c.http("GET", `/v1/volume/${id}/files`), 404, "not_found", { says: [id] });
    const { volumes: all } = body(await c.http("GET", "/v1/volume"));
    ok(!all.some((volume: { id: string }) => volume.id === id), "list: expected it gone");
  },

  "a deleted volume leaves nothing behind": {
    needs: ["control"],
    run: async (c) => {
      const { id } = await c.volume();
      ok((await c.control.leaks()).volumes.includes(id), "leaks: expected the volume while it is there");
      nothing(await c.http("DELETE", `/v1/volume/${id}`));
      ok(!(await c.control.leaks()).volumes.includes(id), "leaks: expected it gone");
    },
  },

  "a mounted volume is attached, and is not deleted": async (c) => {
    const volume = await c.volume();
    const { id } = await c.running({ volume_mounts: { "/mnt/data": volume.id } });
    equal(body(await c.http("GET", `/v1/volume/${volume.id}`)).attached_to, [id], "attached_to");
    refused(await c.http("DELETE", `/v1/volume/${volume.id}`), 409, "volume_attached", { says: [volume.id] });
    equal(body(await c.http("GET", `/v1/volume/${volume.id}`)).phase, "ready", "phase");
  },

  "it is free once the sandbox ended": async (c) => {
    const volume = await c.volume();
    const { id } = await c.running({ volume_mounts: { "/mnt/data": volume.id } });
    nothing(await c.http("DELETE", `/v1/sandbox/${id}`));
    await c.until("the volume to be free", async () =>
      body(await c.http("GET", `/v1/volume/${volume.id}`)).attached_to.length === 0 ? true : undefined,
    );
    nothing(await c.http("DELETE", `/v1/volume/${volume.id}`));
  },

  "a sandbox may mount a volume that is not ready yet": async (c) => {
    const volume = body(await c.http("POST", "/v1/volume", { json: {} }));
    c.cleanup(() =>
      c.until("the volume to be deleted", async () =>
        (await c.http("DELETE", `/v1/volume/${volume.id}`)).status === 409 ? undefined : true,
      ),
    );
    const { id } = await c.running({ volume_mounts: { "/mnt/data": volume.id } });
    equal((await c.exec(id, ["ls", "/mnt/data"])).exit_code, 0, "exit_code of ls");
  },

  "files go both ways between a volume and its sandboxes": async (c) => {
    const volume = await c.volume();
    await c.put(volume.id, "/in/from-api.txt", "from the API\n");
    const { id } = await c.running({ volume_mounts: { "/mnt/data": volume.id } });
    equal((await c.exec(id, ["cat", "/mnt/data/in/from-api.txt"])).stdout, "from the API\n", "cat in the sandbox");
    await c.exec(id, ["mkdir", "/mnt/data/from-sandbox"]);
    const { entries } = body(await c.http("GET", `/v1/volume/${volume.id}/files`));
    equal(
      entries.map((entry: { name: string }) => entry.name),
      ["from-sandbox", "in"],
      "names in the volume",
    );
  },

  "two sandboxes share a volume": async (c) => {
    const volume = await c.volume();
    const [one, two] = await Promise.all([
      c.running({ volume_mounts: { "/a": volume.id } }),
      c.running({ volume_mounts: { "/b": volume.id } }),
    ]);
    await c.exec(one.id, ["mkdir", "/a/shared"]);
    includes((await c.exec(two.id, ["ls", "/b"])).stdout, /^shared$/m, "ls in the other");
    const { attached_to } = body(await c.http("GET", `/v1/volume/${volume.id}`));
    equal([...attached_to].sort(), [one.id, two.id].sort(), "attached_to");
  },

  "a volume's files outlive its sandboxes": async (c) => {
    const volume = await c.volume();
    const { id } = await c.running({ volume_mounts: { "/mnt/data": volume.id } });
    await c.exec(id, ["mkdir", "/mnt/data/kept"]);
    await c.http("DELETE", `/v1/sandbox/${id}`);
    const { entries } = body(await c.http("GET", `/v1/volume/${volume.id}/files`));
    equal(entries[0]?.name, "kept", "name");
  },

  "an object volume has a bucket and no path": {
    needs: ["object_volumes"],
    run: async (c) => {
      const object = { bucket: "datasets", prefix: "raw/", access: "read_only" };
      const { id } = await c.volume({ name: c.name(), type: "object", object });
      const found = body(await c.http("GET", `/v1/volume/${id}`));
      equal([found.type, found.object, found.path], ["object", object, ""], "type, object, path");
    },
  },

  "an object volume is read and written unless told otherwise": {
    needs: ["object_volumes"],
    run: async (c) => {
      const { id } = await c.volume({ type: "object", object: { bucket: "datasets" } });
      equal(body(await c.http("GET", `/v1/volume/${id}`)).object.access, "read_write", "access");
    },
  },

  "an object volume has no file operations": {
    needs: ["object_volumes"],
    run: async (c) => {
      const { id } = await c.volume({ type: "object", object: { bucket: "datasets" } });
      const path = `/v1/volume/${id}/files`;
      const query = { path: "/a.txt" };
      refused(await c.http("GET", path), 422, "unsupported");
      refused(await c.http("GET", `${path}/content`, { query }), 422, "unsupported");
      refused(await c.http("PUT", `${path}/content`, { query, body: "x" }), 422, "unsupported");
      refused(await c.http("POST", `${path}/move`, { json: { from: "/a", to: "/b" } }), 422, "unsupported");
    },
  },

  "an engine without object volumes refuses them": {
    needs: ["refuses_unsupported"],
    run: async (c) => {
      if (c.has("object_volumes")) return;
      const answer = await c.http("POST", "/v1/volume", { json: { type: "object", object: { bucket: "datasets" } } });
      refused(answer, 422, "unsupported", { field: "type" });
    },
  },

  "volumes against the rules are refused and named": async (c) => {
    for (const [json, field, says] of [
      [{ name: "Upper" }, "name", "Upper"],
      [{ name: "" }, "name", ""],
      [{ name: "-x" }, "name", "-x"],
      [{ name: "x".repeat(64) }, "name", ""],
      [{ type: "tape" }, "type", "tape"],
      [{ type: "object" }, "object", ""],
      [{ object: { bucket: "b" } }, "object", ""],
      [{ type: "object", object: { bucket: "" } }, "bucket", ""],
      [{ type: "object", object: { bucket: "b", access: "all" } }, "access", "all"],
      [{ size: 5 }, "size", ""],
    ] as const) {
      refused(await c.http("POST", "/v1/volume", { json }), 400, "invalid_request", { field, says: [says] });
    }
    refused(await c.http("POST", "/v1/volume", { json: { name: "x".repeat(1_100_000) } }), 413, "body_too_large");
    refused(await c.http("GET", "/v1/volume/lookup"), 400, "invalid_request", { field: "name" });
  },

  "volumes against the rules never leave the client": async (c) => {
    const { porter, sent } = c.offline();
    for (const [spec, field] of [
      [{ name: "Upper" }, "name"],
      [{ name: "" }, "name"],
      [{ type: "object" }, "object"],
      [{ object: { bucket: "b" } }, "object"],
    ] as const) {
      const error = await rejects(
        porter.volumes.create(spec as Parameters<typeof porter.volumes.create>[0]),
        { name: "InvalidRequestError", statusCode: undefined, admitted: false },
        JSON.stringify(spec),
      );
      includes(error.message, field, "the message");
    }
    equal(sent, [], "sent");
  },

  "the client creates, gets, lists, refreshes and deletes": async (c) => {
    const porter = c.porter();
    const name = c.name();
    const volume = await porter.volumes.create({ name });
    c.cleanup(() => c.http("DELETE", `/v1/volume/${volume.id}`));
    equal([volume.name, volume.type], [name, "disk"], "name and type");
    equal((await porter.volumes.get(name)).id, volume.id, "id by its name");
    ok(
      (await porter.volumes.list()).some(({ id }) => id === volume.id),
      "list: expected it there",
    );
    await c.until("the volume to be ready", async () => {
      await volume.refresh();
      return volume.phase === "ready" ? true : undefined;
    });
    await porter.volumes.delete(name);
    await rejects(porter.volumes.get(name), { name: "NotFoundError", code: "not_found" }, "get after it was deleted");
  },

  "deleting an attached volume is a ConflictError": async (c) => {
    const volume = await c.volume({ name: c.name() });
    await c.running({ volume_mounts: { "/mnt/data": volume.id } });
    const error = await rejects(
      c.porter().volumes.delete(volume.name),
      { name: "ConflictError", code: "volume_attached", statusCode: 409 },
      "delete",
    );
    isNonEmpty(error.requestId, "requestId");
  },

  "the client knows object volumes": {
    needs: ["object_volumes"],
    run: async (c) => {
      const name = c.name();
      const volume = await c.porter().volumes.create({ name, type: "object", object: { bucket: "datasets" } });
      c.cleanup(() => c.http("DELETE", `/v1/volume/${volume.id}`));
      equal([volume.type, volume.path], ["object", ""], "type and path");
      equal((await c.porter().volumes.get(name)).object?.bucket, "datasets", "bucket");
    },
  },
});
