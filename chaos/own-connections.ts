/** A fetch whose connections can be ended, so that a server's open files are its own. */
import { Agent, request } from "node:http";

export interface OwnConnections {
  fetch(url: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Ends them all; the next request makes new ones. */
  end(): void;
}

/** For requests with texts as bodies. */
export function ownConnections(): OwnConnections {
  let agent = new Agent({ keepAlive: true });
  return {
    async fetch(url, init) {
      const asked = new Request(url, init);
      const body = Buffer.from(await asked.arrayBuffer());
      return new Promise((resolve, reject) => {
        const headers = { ...Object.fromEntries(asked.headers), "content-length": String(body.length) };
        const sent = request(asked.url, { method: asked.method, agent, headers }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", () => {
            const status = answer.statusCode ?? 0;
            const text = status === 204 ? null : Buffer.concat(chunks);
            resolve(new Response(text, { status, headers: answer.headers as Record<string, string> }));
          });
        });
        sent.on("error", reject);
        sent.end(body);
      });
    },
    end() {
      agent.destroy();
      agent = new Agent({ keepAlive: true });
    },
  };
}
