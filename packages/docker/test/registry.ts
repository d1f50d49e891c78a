import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DockerClient } from "../src/client.ts";
import { base64Url } from "../src/images.ts";
import { testImage } from "./engine.ts";
import { freePort } from "./free-port.ts";

/** A registry on loopback, with Debian's `docker-registry`. */
export interface TestRegistry {
  /** `127.0.0.1:port`. */
  readonly address: string;
  stop(): Promise<void>;
}

const program = "/usr/bin/docker-registry";
export const registryMissing = existsSync(program) ? undefined : "there is no docker-registry on the machine";

/** `password` shuts it to everyone but the user `porter`; the hash is that of `open sesame`. */
export async function startRegistry({ shut = false } = {}): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "porter-sandbox-registry-"));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  // What bcrypt makes of it at its lowest cost.
  writeFileSync(join(folder, "users"), `porter:${sesame}\n`);
  const config = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: folder } },
    http: { addr: address, secret: createHash("sha256").update(folder).digest("hex") },
    ...(shut && { auth: { htpasswd: { realm: "tests", path: join(folder, "users") } } }),
  };
  const file = join(folder, "config.yml");
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(program, ["serve", file], { stdio: "ignore" });
  for (let round = 0; round < 200; round += 1) {
    const answered = await fetch(`http://${address}/v2/`).then(
      () => true,
      () => false,
    );
    if (answered) break;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { address, stop: () => end(child, folder) };
}

export const credentials = { username: "porter", password: "open sesame" } as const;
const sesame = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy";

async function end(child: ChildProcess, folder: string): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await ended;
  rmSync(folder, { recursive: true, force: true });
}

/** Puts the image for tests there under `name`, forgets it here, and answers its digest. */
export async function push(client: DockerClient, address: string, name: string): Promise<string> {
  const image = `${address}/${name}`;
  await client.call("POST", `/images/${testImage}/tag`, { query: { repo: image, tag: "1" } });
  const auth = base64Url(JSON.stringify({ ...credentials, serveraddress: address }));
  const body = await client.stream("POST", `/images/${image}/push`, {
    query: { tag: "1" },
    headers: { "X-Registry-Auth": auth },
  });
  let said = "";
  for await (const text of body) said += String(text);
  await client.call("DELETE", `/images/${image}:1`);
  const digest = /sha256:[0-9a-f]{64} size/.exec(said)?.[0].split(" ")[0];
  if (digest === undefined) throw new Error(`the image could not be pushed: ${said}`);
  return digest;
}
