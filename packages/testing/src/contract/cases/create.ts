import { equal, includes, isNonEmpty, notEqual, ok, rejects, timeOf } from "../assert.ts";
import { casesOf } from "../case.ts";
import { body, refused, status } from "../http.ts";

export const create = casesOf("create", {
  "a sandbox gets an id, and the id is its name unless one is given": async (c) => {
    const made = await c.create();
    isNonEmpty(made.id, "id");
    equal(made.name, made.id, "name");
    includes(made.id, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "id as a DNS label");
  },

  "ids sort by creation": async (c) => {
    const ids: string[] = [];
    for (let index = 0; index < 4; index += 1) ids.push((await c.create()).id);
    equal([...ids].sort(), ids, "ids in the order of creation");
  },

  "the name that was asked for is answered and found": async (c) => {
    const name = c.name();
    const made = await c.create({ name });
    equal(made.name, name, "name");
    equal(body(await c.http("GET", "/v1/sandbox/lookup", { query: { name } })), { id: made.id }, "lookup");
  },

  "the status repeats what was asked": async (c) => {
    const tags = { workflow: c.name(), "with space": "a=b, ünïcode" };
    const made = await c.create({ tags });
    const state = await c.status(made.id);
    equal(state.id, made.id, "id");
    equal(state.image, c.target.image, "image");
    equal(state.tags, tags, "tags");
    equal(state.host, "", "host when nothing is exposed");
    timeOf(state.created_at, "created_at");
  },

  "arguments run after the command": async (c) => {
    const made = await c.create({ command: ["echo", "one"], args: ["two  spaces", "$HOME", "*"] });
    await c.phase(made.id, "succeeded", "running");
    const line = await c.until("the workload's line", async () => {
      const { logs } = body(await c.http("GET", `/v1/sandbox/${made.id}/logs`));
      return logs[0]?.line as string | undefined;
    });
    equal(line, "one two  spaces $HOME *", "the workload's output");
  },

  "environment variables reach commands": async (c) => {
    const env = { GREETING: "hello  world", UNICODE: "žluťoučký 🐎", EMPTY: "", MULTI: "a\nb" };
    const { id } = await c.running({ env });
    for (const [name, value] of Object.entries(env)) {
      equal((await c.exec(id, ["printenv", name])).stdout, `${value}\n`, name);
    }
  },

  "environment variables reach the workload": async (c) => {
    const made = await c.create({ command: ["printenv", "SUBJECT"], env: { SUBJECT: "from the env" } });
    const line = await c.until("the workload's line", async () => {
      const { logs } = body(await c.http("GET", `/v1/sandbox/${made.id}/logs`));
      return logs[0]?.line as string | undefined;
    });
    equal(line, "from the env", "the workload's output");
  },

  "an environment group's entries reach commands": {
    needs: ["env_groups"],
    run: async (c) => {
      const { name = "", key = "", value = "" } = c.target.envGroup ?? {};
      const { id } = await c.running({ env_groups: [name] });
      equal((await c.exec(id, ["printenv", key])).stdout, `${value}\n`, key);
    },
  },

  "an explicit variable wins over a group's": {
    needs: ["env_groups"],
    run: async (c) => {
      const { name = "", key = "" } = c.target.envGroup ?? {};
      const { id } = await c.running({ env_groups: [name], env: { [key]: "mine" } });
      equal((await c.exec(id, ["printenv", key])).stdout, "mine\n", key);
    },
  },

  "an unknown environment group fails the create, and nothing is created": async (c) => {
    const [name, group] = [c.name(), c.name("no-group")];
    const answer = await c.http("POST", "/v1/sandbox/run", {
      json: { image: c.target.image, name, env_groups: [group] },
    });
    refused(answer, 400, "invalid_request", { field: "env_groups", says: [group] });
    status(await c.http("GET", "/v1/sandbox/lookup", { query: { name } }), 404);
  },

  "an unknown volume fails the create, and nothing is created": async (c) => {
    const name = c.name();
    const answer = await c.http("POST", "/v1/sandbox/run", {
      json: { image: c.target.image, name, volume_mounts: { "/data": "vol-nothing" } },
    });
    refused(answer, 404, "not_found", { says: ["vol-nothing"] });
    status(await c.http("GET", "/v1/sandbox/lookup", { query: { name } }), 404);
  },

  "an unknown snapshot fails the create, and nothing is created": {
    needs: ["snapshots"],
    run: async (c) => {
      const name = c.name();
      const answer = await c.http("POST", "/v1/sandbox/run", { json: { snapshot_id: "snap-nothing", name } });
      refused(answer, 404, "not_found", { says: ["snap-nothing"] });
      status(await c.http("GET", "/v1/sandbox/lookup", { query: { name } }), 404);
    },
  },

  "mounts are answered": async (c) => {
    const volume = await c.volume();
    const volume_mounts = { "/mnt/data": volume.id };
    const made = body(await c.http("POST", "/v1/sandbox/run", { json: { image: c.target.image, volume_mounts } }));
    c.cleanup(() => c.http("DELETE", `/v1/sandbox/${made.id}`));
    equal(made.volume_mounts, volume_mounts, "volume_mounts of the answer");
    equal((await c.status(made.id)).volume_mounts, volume_mounts, "volume_mounts of the status");
  },

  "resources are accepted where the engine has them": {
    needs: ["resources"],
    run: async (c) => {
      for (const resources of [
        { cpu: "500m", memory: "128Mi" },
        { cpu: "1" },
        { memory: "134217728" },
        { cpu: "0.5" },
      ]) {
        await c.create({ resources });
      }
    },
  },

  "egress rules of addresses are accepted where the engine has them": {
    needs: ["egress"],
    run: async (c) => {
      const { id } = await c.create({ egress: { allowed_destinations: ["192.0.2.7", "198.51.100.0/24"] } });
      await c.phase(id, "running");
      const none = await c.create({ egress: { allowed_destinations: [] } });
      await c.phase(none.id, "running");
    },
  },

  "egress rules of every kind are accepted where the engine has them": {
    needs: ["egress_names"],
    run: async (c) => {
      const allowed_destinations = [
        "example.com",
        "*.example.com",
        "192.0.2.7",
        "198.51.100.0/24",
        "2001:db8::1",
        "2001:db8::/32",
        "db.data.svc.cluster.local",
      ];
      const { id } = await c.create({ egress: { allowed_destinations } });
      await c.phase(id, "running");
    },
  },

  "an exposed port has a host": {
    needs: ["networking"],
    run: async (c) => {
      const { id } = await c.running({ networking: [{ port: 8080, domains: [{ visibility: "private" }] }] });
      isNonEmpty((await c.status(id)).host, "host");
    },
  },

  "an internal port has an internal address": {
    needs: ["internal_ports"],
    run: async (c) => {
      const { id } = await c.running({ networking: [{ port: 8080, internal: true }] });
      const state = await c.status(id);
      isNonEmpty(state.internal_address, "internal_address");
      equal(state.host, "", "host, which is for what others may reach");
    },
  },

  "what the engine cannot do is refused and named, and nothing is created": {
    needs: ["refuses_unsupported"],
    run: async (c) => {
      const lacks = ["egress", "egress_names", "networking", "internal_ports", "resources"] as const;
      for (const capability of lacks.filter((name) => !c.has(name))) {
        const [field, value] = (
          {
            egress: ["egress", { allowed_destinations: [] }],
            egress_names: ["egress", { allowed_destinations: ["198.51.100.0/24", "example.com"] }],
            networking: ["networking", [{ port: 8080 }]],
            internal_ports: ["networking", [{ port: 8080, internal: true }]],
            resources: ["resources", { cpu: "1" }],
          } as const
        )[capability];
        const name = c.name();
        const json = { image: c.target.image, name, [field]: value };
        refused(await c.http("POST", "/v1/sandbox/run", { json }), 422, "unsupported", { field });
        status(await c.http("GET", "/v1/sandbox/lookup", { query: { name } }), 404);
      }
    },
  },

  "the client hands on every field and answers a handle": async (c) => {
    const porter = c.porter();
    const [name, volume] = [c.name(), await c.volume()];
    const sandbox = await porter.sandboxes.create({
      image: c.target.image,
      name,
      tags: { suite: name },
      env: { WHO: "client" },
      volume_mounts: { "/mnt/data": volume.id },
      ttl_seconds: 3600,
      command: undefined,
      args: undefined,
      egress: undefined,
    });
    c.cleanup(() => sandbox.terminate());
    isNonEmpty(sandbox.id, "id");
    equal(sandbox.phase, null, "phase before it is known");
    const state = await sandbox.refresh();
    equal(state.name, name, "name");
    equal(state.tags, { suite: name }, "tags");
    equal(state.volume_mounts, { "/mnt/data": volume.id }, "volume_mounts");
    equal(sandbox.phase, state.phase, "phase of the handle after a refresh");
    equal(sandbox.tags, { suite: name }, "tags of the handle after a refresh");
    equal((await sandbox.exec(["printenv", "WHO"])).stdout, "client\n", "env");
  },

  "await using terminates at the end of the block": async (c) => {
    const porter = c.porter();
    let id = "";
    {
      await using sandbox = await porter.sandboxes.create({ image: c.target.image });
      id = sandbox.id;
    }
    equal((await c.status(id)).phase, "terminated", "phase after the block");
  },

  "a request that names nothing to run is refused": async (c) => {
    for (const json of [{}, { image: "" }, { image: c.target.image, snapshot_id: "snap-1" }]) {
      refused(await c.http("POST", "/v1/sandbox/run", { json }), 400, "invalid_request");
    }
  },

  "two sandboxes do not see each other's environment": async (c) => {
    const [one, two] = await Promise.all([c.running({ env: { WHO: "one" } }), c.running({ env: { WHO: "two" } })]);
    notEqual(one.id, two.id, "ids");
    equal((await c.exec(one.id, ["printenv", "WHO"])).stdout, "one\n", "of the first");
    equal((await c.exec(two.id, ["printenv", "WHO"])).stdout, "two\n", "of the second");
  },
});

export const names = casesOf("names", {
  "a taken name is refused": async (c) => {
    const { name } = await c.create({ name: c.name() });
    const answer = await c.http("POST", "/v1/sandbox/run", { json: { image: c.target.image, name } });
    refused(answer, 409, "name_taken", { field: "name", says: [name] });
  },

  "a name stays taken after the sandbox ended": async (c) => {
    const { id, name } = await c.create({ name: c.name() });
    await c.http("DELETE", `/v1/sandbox/${id}`);
    const answer = await c.http("POST", "/v1/sandbox/run", { json: { image: c.target.image, name } });
    refused(answer, 409, "name_taken", { says: [name] });
    equal(body(await c.http("GET", "/v1/sandbox/lookup", { query: { name } })).id, id, "the id it stands for");
  },

  "of two creates of one name at once, one wins": async (c) => {
    const name = c.name();
    const answers = await Promise.all(
      [1, 2, 3].map(() => c.http("POST", "/v1/sandbox/run", { json: { image: c.target.image, name } })),
    );
    for (const answer of answers) {
      if (answer.status === 200) c.cleanup(() => c.http("DELETE", `/v1/sandbox/${answer.json.id}`));
    }
    equal(answers.map((answer) => answer.status).sort(), [200, 409, 409], "statuses");
  },

  "names of 1 and of 63 characters are taken": async (c) => {
    const long = c.name("x".repeat(50)).slice(0, 63);
    equal(long.length, 63, "length");
    equal((await c.create({ name: long })).name, long, "name");
  },

  "a sandbox and a volume may share a name": async (c) => {
    const name = c.name();
    await c.create({ name });
    equal((await c.volume({ name })).name, name, "the volume's name");
  },

  "a taken name is a ConflictError that was not admitted": async (c) => {
    const { name } = await c.create({ name: c.name() });
    const error = await rejects(
      c.porter().sandboxes.create({ image: c.target.image, name }),
      { name: "ConflictError", code: "name_taken", statusCode: 409, retryable: false, admitted: false },
      "create of a taken name",
    );
    ok(error.message.includes(name), `message: expected the name in ${error.message}`);
    isNonEmpty(error.requestId, "requestId");
    equal((error.body as { code: string }).code, "name_taken", "body");
  },
});
