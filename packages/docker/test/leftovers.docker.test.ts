import { afterEach, describe, expect, it } from "vitest";
import { label } from "../src/names.ts";
import { whyUnenforceable } from "../src/network/egress.ts";
import { testImage } from "./engine.ts";
import { type Bench, bench, forever, host, missing, newId, plan } from "./fixture.ts";
import { type Meddling, startMeddler } from "./meddler.ts";

const skip = missing ?? (host?.startsWith("unix://") ? undefined : "the engine is not behind a socket");
const noFilter = skip ?? whyUnenforceable({ kind: "socket", path: host ?? "" });

/** What happens when a server is killed, an answer is lost or an end comes early, at the worst moment each. */
describe.skipIf(skip !== undefined)(`nothing is left, nothing is missed ${skip ?? ""}`, () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  function own(options: Parameters<typeof bench>[0] = {}): Bench {
    const made = bench(options);
    closing.push(() => made.close());
    return made;
  }
  async function meddled(meddling: Meddling): Promise<Bench> {
    const meddler = await startMeddler(host ?? "", meddling);
    closing.push(() => meddler.close());
    return own({ host: meddler.host });
  }
  /** What a server had made when it was killed. */
  async function container({ client, installation }: Bench, kind: string, id: string, changes = {}): Promise<string> {
    const labels = { [label.installation]: installation, [label.kind]: kind, [label.id]: id };
    const json = {
      Image: testImage,
      Cmd: ["sleep", "1000"],
      Labels: labels,
      HostConfig: { NetworkMode: "none" },
      ...changes,
    };
    const query = { name: `porter-sandbox-${installation}.${kind}.${id}` };
    return (await client.call<{ Id: string }>("POST", "/containers/create", { query, json })).Id;
  }

  it("of helpers and sandboxes that a killed server had made and not started, and what they were made with", async () => {
    const b = own();
    const holder = await container(b, "holder", "spare");
    await b.client.call("POST", `/containers/${holder}/start`);
    await container(b, "sandbox", newId("sb"), { HostConfig: { NetworkMode: `container:${holder}` } });
    await container(b, "files", newId("vol"));
    await container(b, "kill", newId("ex"));
    expect(await b.engine.inventory()).toMatchObject({ sandboxes: [] });
    expect((await b.left()).containers).toEqual([]);
  });

  it("of a start that a killed server asked for and that came true late: it is taken up, not undone", async () => {
    let late = "";
    const b = await meddled({
      before: async (method, path) => {
        if (method === "DELETE" && path.includes(late)) await b.client.call("POST", `/containers/${late}/start`);
      },
    });
    const id = newId("sb");
    late = await container(b, "sandbox", id);
    expect(await b.engine.inventory()).toMatchObject({ sandboxes: [id] });
    expect(await b.engine.attachSandbox(id)).toMatchObject({ ended: expect.any(Promise) });
    const { State } = await b.client.call<{ State: { Running: boolean } }>("GET", `/containers/${late}/json`);
    expect(State.Running).toBe(true);
  });

  it("of a container that was made without its server hearing of it", async () => {
    const b = await meddled({
      after: async (method, path) =>
        method === "POST" && path.startsWith("/containers/create?") && path.includes(".sandbox.") ? "lost" : undefined,
    });
    await expect(b.engine.startSandbox(plan(), forever)).rejects.toMatchObject({ code: "engine_error" });
    expect((await b.left()).containers).toEqual([]);
  });

  it("when a sandbox ends between the look at it and the watch over it", async () => {
    const id = newId("sb");
    let looked = false;
    const b = await meddled({
      after: async (method, path) => {
        if (looked || method !== "GET" || !/^\/containers\/[0-9a-f]{64}\/json$/.test(path)) return undefined;
        looked = true;
        const name = `porter-sandbox-${b.installation}.sandbox.${id}`;
        await b.client.call("POST", `/containers/${name}/kill`);
        // The news of it overtakes the answer.
        await b.client.call("POST", `/containers/${name}/wait`);
        await new Promise((resolve) => setTimeout(resolve, 300));
        return undefined;
      },
    });
    const { ended } = await b.engine.startSandbox(plan({ id }), forever);
    expect(await ended).toMatchObject({ exit_code: 137 });
  });

  it("of the network, once no sandbox is on it", async () => {
    const b = own();
    const id = newId("sb");
    await b.engine.startSandbox(plan({ id }), forever);
    const networks = async () => {
      const filters = { label: [`${label.installation}=${b.installation}`] };
      return (await b.client.call<unknown[]>("GET", "/networks", { query: { filters } })).length;
    };
    const other = bench({ installation: b.installation });
    await other.engine.close();
    expect(await networks()).toBe(1);
    await b.engine.removeSandbox(id);
    await b.engine.close();
    expect(await networks()).toBe(0);
  });

  it("touches nothing of another installation, nor what nobody marked", async () => {
    const [b, other] = [own(), own()];
    const theirs = newId("sb");
    await other.engine.startSandbox(plan({ id: theirs }), forever);
    await other.engine.createVolume({ id: "vol-shared-name", type: "disk" });
    await b.engine.createVolume({ id: "vol-shared-name", type: "disk" });
    const name = newId("unmarked");
    const json = { Image: testImage, Cmd: ["sleep", "1000"], HostConfig: { NetworkMode: "none" } };
    const { Id } = await b.client.call<{ Id: string }>("POST", "/containers/create", { query: { name }, json });
    const volume = await b.client.call<{ Name: string }>("POST", "/volumes/create", { json: { Name: name } });
    closing.push(() => b.client.call("DELETE", `/volumes/${volume.Name}`));
    closing.push(() => b.client.call("DELETE", `/containers/${Id}`, { query: { force: true } }));
    expect(await b.engine.inventory()).toEqual({ sandboxes: [], snapshots: [], volumes: ["vol-shared-name"] });
    await b.engine.removeSandbox(theirs);
    await b.engine.stopSandbox(theirs);
    await b.engine.deleteVolume("vol-shared-name");
    await b.engine.close();
    expect(await other.run(theirs, "echo", "well")).toMatchObject({ stdout: "well\n" });
    expect((await other.left()).volumes).toEqual([`porter-sandbox-${other.installation}.volume.vol-shared-name`]);
    await other.client.call("GET", `/containers/${Id}/json`);
    await other.client.call("GET", `/volumes/${name}`);
  });

  it.skipIf(noFilter !== undefined)("of a spare network that ended while it waited", async () => {
    const b = own({ egress: "enforced", spareNetworks: 1 });
    const list = async (kind: string) => {
      const labels = [`${label.installation}=${b.installation}`, `${label.kind}=${kind}`];
      const query = { all: true, filters: { label: labels } };
      return b.client.call<{ Id: string; HostConfig: { NetworkMode: string } }[]>("GET", "/containers/json", { query });
    };
    await b.engine.startSandbox(plan(), forever);
    await expect.poll(async () => (await list("holder")).length).toBe(2);
    const [sandbox] = await list("sandbox");
    const spare = (await list("holder")).find(({ Id }) => sandbox?.HostConfig.NetworkMode !== `container:${Id}`);
    // Its filter is in place by the time that another one is asked for.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await b.client.call("POST", `/containers/${spare?.Id}/kill`);
    await b.engine.startSandbox(plan(), forever);
    await expect.poll(async () => (await list("holder")).map(({ Id }) => Id)).not.toContain(spare?.Id);
  });
});
