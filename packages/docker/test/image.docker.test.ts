import { execFile, execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { Porter } from "@porter-sandbox/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textOf } from "../src/client.ts";
import { type Bench, bench, host, missing } from "./fixture.ts";
import { freePort } from "./free-port.ts";
import { importImage } from "./import-image.ts";
import { type TarEntry, tarOf } from "./tar.ts";

const serve = join(import.meta.dirname, "../../serve");
const [base, image] = ["porter-sandbox-test-base:24", "porter-sandbox-test-serve:1"];
const key = "a-key-that-is-long-enough-for-the-server";
const socket = host?.startsWith("unix://") === true ? host.slice("unix://".length) : undefined;
const run = promisify(execFile);
/** A laptop may do without; the machine that checks changes has it. */
const composes = process.env.CI !== undefined || spawnSync("docker-compose", ["--version"]).status === 0;
/** The node that runs this, as a file system of its own, needs to be one that Linux containers run. */
const unable =
  missing ??
  (socket === undefined ? "the engine is on another machine" : undefined) ??
  (process.platform === "linux" && Number(process.versions.node.split(".")[0]) >= 24
    ? undefined
    : "needs Node 24 on Linux");

// What `docker build -f packages/serve/deploy/Dockerfile --build-arg BASE=… packages/serve` asks the engine for.
describe.skipIf(unable !== undefined)(`the server's image ${unable ?? ""}`, () => {
  let b: Bench;
  let folder: string;
  const containers: string[] = [];

  beforeAll(async () => {
    b = bench();
    folder = mkdtempSync(join(tmpdir(), "porter-sandbox-image-"));
    writeFileSync(join(folder, "api-keys"), `${key}\n`);
    await importImage(b.client, tarOf(nodeRootFileSystem()), base, ["ENV PATH=/bin"]);
    execFileSync(process.execPath, [join(serve, "bundle.ts")], { stdio: "pipe" });
    const context = ["deploy/Dockerfile", ".image/porter-sandbox-serve.mjs", ".image/THIRD-PARTY-LICENSES"];
    const said = await textOf(
      await b.client.stream("POST", "/build", {
        query: { dockerfile: context[0], t: image, buildargs: JSON.stringify({ BASE: base }), forcerm: true },
        body: tarOf(withFolders(context.map((path) => ({ path, content: readFileSync(join(serve, path)) })))),
      }),
    );
    expect(said).not.toContain('"error"');
    expect(said).toContain(`Successfully tagged ${image}`);
  }, 240_000);
  afterAll(async () => {
    for (const id of containers)
      await b.client.call("DELETE", `/containers/${id}`, { query: { force: true, v: true } });
    for (const name of [image, base]) await b?.client.call("DELETE", `/images/${name}`).catch(() => {});
    await b?.close();
    if (folder) rmSync(folder, { recursive: true });
  });

  async function start(command: string[] | undefined, hostConfig: object): Promise<string> {
    const json = { Image: image, ...(command && { Cmd: command }), HostConfig: hostConfig };
    const { Id } = await b.client.call<{ Id: string }>("POST", "/containers/create", { json });
    containers.push(Id);
    await b.client.call("POST", `/containers/${Id}/start`);
    return Id;
  }
  const output = async (id: string) =>
    textOf(await b.client.stream("GET", `/containers/${id}/logs`, { query: { stdout: true, stderr: true } }));
  /** The image's own check of its health, until it is fine. */
  async function healthy(id: string): Promise<void> {
    await expect
      .poll(
        async () => {
          const { State } = await b.client.call<{ State: { Health?: { Status: string }; Running: boolean } }>(
            "GET",
            `/containers/${id}/json`,
          );
          return State.Running ? State.Health?.Status : `ended: ${await output(id)}`;
        },
        { timeout: 50_000, interval: 500 },
      )
      .toBe("healthy");
  }

  it.skipIf(!composes)("is what the compose file builds", { timeout: 120_000 }, async () => {
    const project = `porter-sandbox-${b.installation}`;
    const words = ["-f", join(serve, "deploy/compose.yaml"), "-p", project];
    const env = { ...process.env, DOCKER_HOST: host, BASE: base, EGRESS: "unenforced" };
    await run("docker-compose", [...words, "build"], { env });
    const built = await b.client.call<{ RepoTags: string[] | null; Id: string }[]>("GET", "/images/json");
    const tags = built.flatMap(({ RepoTags }) => RepoTags ?? []).filter((tag) => tag.startsWith(project));
    expect(tags).toEqual([expect.stringMatching(/[-_]sandbox-api:latest$/)]);
    const [tag = ""] = tags;
    const commandOf = async (name: string) =>
      (await b.client.call<{ Config: { Cmd: string[] } }>("GET", `/images/${name}/json`)).Config.Cmd;
    expect(await commandOf(tag)).toEqual(await commandOf(image));
    await b.client.call("DELETE", `/images/${tag}`);
    await run("docker-compose", [...words, "config", "--quiet"], { env });
  });

  it("answers with the memory engine, and finds itself healthy", async () => {
    const port = await freePort();
    const id = await start(["--engine", "memory", "--port", String(port)], { NetworkMode: "host" });
    await expect
      .poll(() => fetch(`http://127.0.0.1:${port}/healthz`).then((answer) => answer.status, String), {
        timeout: 20_000,
      })
      .toBe(200);
    // The image's own check asks the port that the image's own command listens on.
    const own = await start(["--engine", "memory", "--port", "8080"], { NetworkMode: "none" });
    await healthy(own);
    await b.client.call("POST", `/containers/${id}/stop`);
    const { State } = await b.client.call<{ State: { ExitCode: number } }>("GET", `/containers/${id}/json`);
    expect(State.ExitCode, await output(id)).toBe(0);
  });

  it("runs sandboxes on the engine whose socket it is given", async () => {
    const port = await freePort();
    const command = ["--engine=docker", "--host=127.0.0.1", `--port=${port}`, "--key-file=/run/secrets/api-keys"];
    const more = ["--data-dir=/var/lib/porter-sandbox", "--egress=unenforced", `--installation=${b.installation}`];
    const binds = [`${socket}:/var/run/docker.sock`, `${join(folder, "api-keys")}:/run/secrets/api-keys:ro`];
    const id = await start([...command, ...more], { NetworkMode: "host", Binds: binds });
    await expect
      .poll(() => fetch(`http://127.0.0.1:${port}/readyz`).then((answer) => answer.status, String), { timeout: 30_000 })
      .toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/v1/sandbox`)).status).toBe(401);
    const porter = new Porter({ baseUrl: `http://127.0.0.1:${port}`, apiKey: key });
    const sandbox = await porter.sandboxes.create({ image: "busybox:1" });
    await expect.poll(async () => (await sandbox.refresh()).phase, { timeout: 20_000 }).toBe("running");
    expect(await sandbox.exec(["sh", "-c", "echo $((6 * 7))"])).toMatchObject({ stdout: "42\n", exit_code: 0 });
    await sandbox.terminate();
    porter.close();
    expect(await output(id)).not.toContain(key);
  });

  it("does not run sandboxes without a packet filter unless it is told to", async () => {
    const binds = [`${socket}:/var/run/docker.sock`, `${join(folder, "api-keys")}:/run/secrets/api-keys:ro`];
    const id = await start(undefined, { NetworkMode: "none", Binds: binds });
    const { StatusCode } = await b.client.call<{ StatusCode: number }>("POST", `/containers/${id}/wait`);
    expect(StatusCode).not.toBe(0);
    expect(await output(id)).toMatch(/egress: cannot be enforced here, since nsenter and nft cannot be found/);
  });
});

/** Each file after the folders that it is in. */
function withFolders(files: readonly { path: string; content: Uint8Array; mode?: number }[]): TarEntry[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let at = dirname(path); at !== "."; at = dirname(at)) folders.add(at);
  }
  return [
    ...[...folders].sort().map((path) => ({ path, type: "directory" }) as const),
    ...files.map((file) => ({ ...file, type: "file" }) as const),
  ];
}

/** The node that runs this, and the libraries that it loads, each where it is here. */
function nodeRootFileSystem(): TarEntry[] {
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" }).match(/\/\S+/g) ?? [];
  const files = libraries.map((path) => ({ path: path.slice(1), content: readFileSync(path) }));
  return [
    ...withFolders([{ path: "bin/node", content: readFileSync(process.execPath) }, ...files]),
    { path: "tmp", type: "directory", mode: 0o1777 },
  ];
}
