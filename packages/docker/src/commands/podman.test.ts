import http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { systemClock } from "@porter-sandbox/spec";
import { afterEach, describe, expect, it } from "vitest";
import { createDockerClient } from "../client.ts";
import { createEventFeed } from "../events.ts";
import { namesOf } from "../names.ts";
import { startExec } from "./exec.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

interface Saying {
  /** What a command writes to stderr, or Podman in its place; each a frame. */
  readonly stderr?: readonly string[];
  readonly exitCode?: number;
}

/** What Podman 4.3.1 answers to the requests of an exec and of an attach. */
async function podman({ stderr = [], exitCode = 0 }: Saying = {}) {
  const bodies: string[] = [];
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => {
    const path = (request.url ?? "").replace(/^\/v[\d.]+/, "");
    if (path === "/_ping")
      return void response.writeHead(200, { "Api-Version": "1.41", "Libpod-Api-Version": "4.3.1" }).end();
    if (path.startsWith("/events")) return void response.writeHead(200).flushHeaders();
    const answer = path.startsWith("/exec/")
      ? { ExitCode: exitCode, Running: false, Pid: 0 }
      : { Id: "1", State: { Running: true } };
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(answer));
  });
  server.on("connection", (socket) => sockets.add(socket));
  server.on("upgrade", (request, socket: Socket, head) => {
    bodies.push(`${request.headers["content-length"] ?? "none"}:${head}`);
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    for (const text of stderr) {
      const bytes = Buffer.from(text);
      socket.write(Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, bytes.length]), bytes]));
    }
    if (request.url?.includes("/exec/")) socket.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = createDockerClient({ kind: "tcp", host: "127.0.0.1", port }, systemClock);
  const events = createEventFeed(client, namesOf("test"), systemClock);
  closing.push(() => {
    events.close();
    client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const run = async () => {
    const exec = await startExec(client, events, { container: "box", command: ["x"], stdin: false });
    const [said, { exit_code }] = await Promise.all([new Response(exec.stderr).text(), exec.exit]);
    return { said, exit_code };
  };
  return { client, run, bodies };
}

describe("Podman", () => {
  it("says on stderr of a command that it is not there, and whatever comes after that", async () => {
    const missing =
      'Error: runc: exec failed: unable to start container process: exec: "x": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found\n';
    for (const more of [[], ["Error: read unixpacket @->/attach: connection reset by peer\n"]]) {
      const { run } = await podman({ stderr: [missing, ...more], exitCode: 127 });
      expect(await run()).toEqual({ said: missing + more.join(""), exit_code: 127 });
    }
    const denied = "Error: crun: open executable: Permission denied: OCI permission denied\n";
    expect(await (await podman({ stderr: [denied], exitCode: 126 })).run()).toEqual({ said: denied, exit_code: 126 });
  });

  it("knows no process of what has ended: exit codes of commands are theirs, and so is what they write", async () => {
    for (const exitCode of [0, 3, 126, 127]) {
      for (const stderr of [[], ["Error: tool: not found\n"], ["warning\n", "Error: runc: OCI runtime\n"]]) {
        const { run } = await podman({ stderr, exitCode });
        expect(await run()).toEqual({ said: stderr.join(""), exit_code: exitCode });
      }
    }
  });

  it("would take the body of an attach for the first input, so that has none", async () => {
    const { client, bodies } = await podman();
    (await client.hijack("/containers/box/attach", { query: { stdin: true } })).socket.destroy();
    expect(bodies).toEqual(["0:"]);
  });
});
