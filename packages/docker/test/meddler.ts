import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId } from "./fixture.ts";

export interface Meddling {
  /** Before the engine is asked. */
  readonly before?: (method: string, path: string) => Promise<void>;
  /** When the engine has answered; `lost` keeps the answer from arriving. */
  readonly after?: (method: string, path: string) => Promise<"lost" | undefined>;
}

/** Stands between our engine and Docker, to have things happen at the worst moment. */
export async function startMeddler(host: string, meddling: Meddling): Promise<{ host: string; close(): void }> {
  const target = host.slice("unix://".length);
  const socket = join(tmpdir(), `${newId("meddler")}.sock`);
  const server = http.createServer(async (request, response) => {
    const { method = "GET", url = "/" } = request;
    const path = url.replace(/^\/v[\d.]+/, "");
    await meddling.before?.(method, path);
    const asked = http.request({ socketPath: target, method, path: url, headers: request.headers, agent: false });
    asked.once("response", async (answer) => {
      if ((await meddling.after?.(method, path)) === "lost") return void request.socket.destroy();
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
    });
    asked.on("error", () => request.socket.destroy());
    response.once("close", () => asked.destroy());
    request.pipe(asked);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    host: `unix://${socket}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
