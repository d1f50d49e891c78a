// A Cloudflare Worker that runs the body of a POST as a shell script in a sandbox of its own.
import { Porter } from "porter-sandbox";

interface Env {
  PORTER_SANDBOX_BASE_URL: string;
  PORTER_SANDBOX_API_KEY: string;
}

const worker = {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (request.method !== "POST") return new Response("POST a script\n", { status: 405, headers: { Allow: "POST" } });
    const porter = new Porter({ env: { ...env } });
    await using sandbox = await porter.sandboxes.create({ image: "busybox:1", ttl_seconds: 60 });
    const { stdout, stderr, exit_code } = await sandbox.exec(["sh", "-c", await request.text()]);
    return Response.json({ stdout, stderr, exit_code });
  },
};

// biome-ignore lint/style/noDefaultExport: this is where Workers look for their handlers.
export default worker;
