// The main job from end to end: a sandbox with a volume, a command in it, its output, its logs, and the file it wrote.
// The Sandbox API runs in this process, on a Docker engine where one is at hand and in memory otherwise (place.ts).
import { Porter } from "porter-sandbox";
import { findPlace } from "./place.ts";

const began = performance.now();
const step = (text: string) => console.log(`[${((performance.now() - began) / 1000).toFixed(2)} s] ${text}`);
const show = (text: string) => console.log(text.trimEnd().replaceAll(/^/gm, "         "));

step("starting the Sandbox API in this process");
const place = await findPlace();
step(`it runs ${place.why}`);
const porter = new Porter({ fetch: place.fetch });

// A container outlives the program that asked for it, so an interrupted run clears up too.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.once(signal, () => void place.close().finally(() => process.exit(code)));
}

try {
  const volume = await porter.volumes.create({ name: "quickstart-data" });
  step(`created volume ${volume.name}`);

  const sandbox = await porter.sandboxes.create({
    image: place.image,
    name: "quickstart",
    tags: { workflow: "quickstart" },
    env: { GREETING: "hello from a sandbox" },
    volume_mounts: { "/data": volume.id },
    ttl_seconds: 300,
  });
  await sandbox.waitUntilRunning();
  step(`created sandbox ${sandbox.name}, with the volume at /data`);

  const script = 'for word in $GREETING; do echo "$word"; done | sort | tee /data/words.txt | wc -l; echo "sorted" >&2';
  step(`running: sh -c '${script}'`);
  const result = await sandbox.exec(["sh", "-c", script]);
  show(`exit code ${result.exit_code}\nstdout: ${result.stdout.trimEnd()}\nstderr: ${result.stderr.trimEnd()}`);

  if (volume.type === "disk") {
    step("reading /words.txt from the volume through the API");
    show(await volume.readText("/words.txt"));
  }

  const logs = await sandbox.logs({ limit: 10 });
  step(`the sandbox's structured logs, ${logs.length} lines`);
  for (const log of logs) show(`${log.timestamp} ${log.level.padEnd(7)} ${log.line}`);

  const running = await porter.sandboxes.list({ tags: { workflow: "quickstart" }, phase: ["running"] });
  step(`listed by tag: ${running.map((each) => `${each.name} (${each.phase})`).join(", ")}`);

  await sandbox.terminate();
  step(`terminated: ${(await sandbox.refresh()).phase}`);
  await porter.volumes.delete("quickstart-data");
} finally {
  porter.close();
  await place.close();
}
step("done; nothing is left");
