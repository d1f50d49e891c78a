/**
 * The snippets of the published TypeScript reference and overview, as they are written there: they compile (also under
 * `exactOptionalPropertyTypes`) and run. Only the import and the transport differ.
 */
import { beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { json, status, volumeFields } from "../test/answers.ts";
import {
  type ExecResult,
  type LogLine,
  type ObjectVolume,
  Porter,
  type Sandbox,
  type SandboxList,
  type SandboxSpec,
  type StatusResponse,
  StatusResponsePhase,
  type Volume,
} from "./index.ts";

/** A server that answers every request of the snippets, found through the global fetch. */
function answer(url: string, init: RequestInit): Response {
  const { pathname, searchParams } = new URL(url);
  switch (`${init.method} ${pathname}`) {
    case "POST /v1/sandbox/run":
      return json({ id: "sbx-1", name: JSON.parse(String(init.body)).name ?? "sbx-1" });
    case "GET /v1/sandbox/lookup":
    case "GET /v1/volume/lookup":
      return json({ id: pathname.includes("volume") ? "vol-1" : "sbx-1" });
    case "GET /v1/sandbox":
      return json({
        sandboxes: searchParams.get("tag") === "workflow=demo" ? [status({ tags: { workflow: "demo" } })] : [],
        pagination: { current_page: Number(searchParams.get("page")), total_pages: 1, has_next_page: false },
      });
    case "GET /v1/sandbox/sbx-1":
      return json(status({ tags: { workflow: "demo" } }));
    case "POST /v1/sandbox/sbx-1/exec":
      return json({ stdout: "hi\n", stderr: "", exit_code: 0 });
    case "GET /v1/sandbox/sbx-1/logs":
      return json({ sandbox_id: "sbx-1", logs: [{ timestamp: "", line: "hi", level: "info", exec_id: "e" }] });
    case "GET /v1/volume":
      return json({ volumes: [volumeFields()] });
    case "POST /v1/volume":
    case "GET /v1/volume/vol-1":
      return json(volumeFields());
    default:
      return new Response(null, { status: init.method === "DELETE" ? 204 : 404 });
  }
}

class InCluster extends Porter {
  constructor() {
    super({}, { env: { KUBERNETES_SERVICE_HOST: "10.0.0.1" } });
  }
}

describe("the reference's snippets", () => {
  const asked: string[] = [];
  beforeEach(() => {
    asked.length = 0;
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      asked.push(`${init.method} ${url.replace(/^http:\/\/[^/]+/, "")}`);
      return answer(url, init);
    });
    return () => vi.unstubAllGlobals();
  });

  it("create a sandbox, and close", async () => {
    const porter = new InCluster();
    const sandbox = await porter.sandboxes.create({
      image: "python:3.12-slim",
      name: "my-sandbox",
    });
    expect(sandbox.name).toBe("my-sandbox");
    porter.close();
  });

  it("create with every option spelled out", async () => {
    const porter = new InCluster();
    const sandbox = await porter.sandboxes.create({
      image: "python:3.12-slim",
      name: "my-sandbox",
      command: undefined,
      args: undefined,
      env: undefined,
      tags: { workflow: "demo" },
      volume_mounts: undefined,
    });
    expect(sandbox.tags).toEqual({ workflow: "demo" });
  });

  it("get, list, refresh, exec, logs, terminate", async () => {
    const porter = new InCluster();
    const sandbox = await porter.sandboxes.get("my-sandbox");
    const sandboxes = await porter.sandboxes.list({
      tags: { workflow: "demo" },
      page: 1,
    });
    expect(sandboxes).toHaveLength(1);
    const status = await sandbox.refresh();
    const result = await sandbox.exec(["python", "-c", "print('hi')"]);
    const logs = await sandbox.logs({ limit: 100 });
    await sandbox.terminate();
    expect(status.phase).toBe("running");
    expect(sandbox.phase).toBe(StatusResponsePhase.RUNNING);
    expect(result.stdout).toBe("hi\n");
    expect(logs[0]?.line).toBe("hi");
    expect(asked).toEqual([
      "GET /v1/sandbox/lookup?name=my-sandbox",
      "GET /v1/sandbox?page=1&tag=workflow%3Ddemo",
      "GET /v1/sandbox/sbx-1",
      "POST /v1/sandbox/sbx-1/exec",
      "GET /v1/sandbox/sbx-1/logs?limit=100",
      "DELETE /v1/sandbox/sbx-1",
    ]);
  });

  it("mount a volume, and look after volumes", async () => {
    const porter = new InCluster();
    const volume = await porter.volumes.create({ name: "my-data" });

    const sandbox = await porter.sandboxes.create({
      image: "python:3.12-slim",
      volume_mounts: { "/mnt/data": volume.id },
    });
    expect(sandbox.id).toBe("sbx-1");
    expect(await porter.volumes.list()).toHaveLength(1);
    expect((await porter.volumes.get("my-data")).id).toBe("vol-1");
    await porter.volumes.delete("my-data");
  });

  it("reach the raw clients", async () => {
    const porter = new InCluster();
    const rawClient = porter.raw;
    const rawSandboxes = porter.sandboxes.raw;
    expect((await rawClient.getSandbox({ path: { id: "sbx-1" } })).phase).toBe("running");
    expect((await rawSandboxes.lookupSandbox({ query: { name: "my-sandbox" } })).id).toBe("sbx-1");
  });
});

it("has the types that the reference names", () => {
  const optional: string | undefined = undefined;
  const options: ConstructorParameters<typeof Porter>[0] = {
    apiKey: optional,
    baseUrl: optional,
    timeoutMs: undefined,
  };
  expectTypeOf(options).not.toBeNever();
  const spec: SandboxSpec = {
    image: "a",
    command: ["a"] as readonly string[],
    env: { A: "b" },
    networking: [{ port: 8080, domains: [{ domain: undefined, visibility: "public" }], internal: undefined }],
    resources: { cpu: undefined, memory: "1Gi" },
    ttl_seconds: undefined,
  };
  expectTypeOf(spec).not.toBeNever();
  expectTypeOf<Sandbox["id"]>().toEqualTypeOf<string>();
  expectTypeOf<Sandbox["phase"]>().toEqualTypeOf<StatusResponsePhase | null>();
  expectTypeOf<Sandbox["tags"]>().toEqualTypeOf<Record<string, string> | null>();
  expectTypeOf<ReturnType<Sandbox["refresh"]>>().resolves.toEqualTypeOf<StatusResponse>();
  expectTypeOf<ReturnType<Sandbox["exec"]>>().resolves.toEqualTypeOf<ExecResult>();
  expectTypeOf<ReturnType<Sandbox["logs"]>>().resolves.toEqualTypeOf<LogLine[]>();
  expectTypeOf<ReturnType<Porter["sandboxes"]["list"]>>().resolves.toEqualTypeOf<SandboxList>();
  // A volume's type tells which kind of handle it is.
  const read = (volume: Volume | ObjectVolume) =>
    volume.type === "disk" ? volume.readText("/a") : volume.object.bucket;
  expectTypeOf(read).returns.toEqualTypeOf<string | Promise<string>>();
  expectTypeOf<Parameters<Porter["raw"]["getSandbox"]>[0]>().toExtend<{ path: { id: string } }>();
  // @ts-expect-error a body is needed
  void (() => new Porter().raw.createSandbox({}));
  // @ts-expect-error an object volume has no files
  void ((volume: ObjectVolume) => volume.readText("/a"));
});
