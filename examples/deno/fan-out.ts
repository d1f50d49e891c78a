// A Deno program that fans small commands out over sandboxes and gathers what they print.
//   deno run --allow-net --allow-env=PORTER_SANDBOX_BASE_URL,PORTER_SANDBOX_API_KEY fan-out.ts
import { Porter } from "porter-sandbox";

const porter = new Porter();

async function run(word: string): Promise<string> {
  await using sandbox = await porter.sandboxes.create({
    image: "busybox:1",
    tags: { workflow: "fan-out" },
    ttl_seconds: 60,
  });
  const { stdout } = await sandbox.exec(["sh", "-c", 'echo "$1" | rev', "sh", word]);
  return stdout.trim();
}

const answers = await Promise.all(["drawer", "stressed", "parts"].map(run));
console.log(answers.join(" "));
porter.close();
