import { type ChildProcess, spawn } from "node:child_process";
import { systemClock } from "@porter-sandbox/spec";
import { afterAll, describe, expect, it } from "vitest";
import { createDockerClient } from "../src/client.ts";
import { findEndpoint } from "../src/endpoint.ts";
import { whyUnenforceable } from "../src/network/egress.ts";
import { surveyDocker } from "../src/survey.ts";
import { testImage } from "./engine.ts";
import { host, missing } from "./fixture.ts";

const obstacle = host === undefined ? undefined : whyUnenforceable(findEndpoint(host, {}));
const program = new URL("../../../examples/quickstart/quickstart.ts", import.meta.url).pathname;

describe.skipIf(missing !== undefined)(
  `the quickstart on a Docker engine ${missing ?? ""}`,
  { timeout: 240_000 },
  () => {
    const client = createDockerClient(findEndpoint(host ?? "unix:///nowhere", {}), systemClock);
    afterAll(() => client.close());

    function start(env: Record<string, string>): {
      child: ChildProcess;
      said: () => string;
      end: Promise<number | null>;
    } {
      let said = "";
      const child = spawn(process.execPath, [program], {
        env: { PATH: process.env.PATH ?? "", DOCKER_HOST: host ?? "", ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (text) => {
          said += String(text);
        });
      }
      const end = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
      return { child, said: () => said, end };
    }

    /** All that carries the name of the quickstart. */
    async function left(): Promise<string[]> {
      const label = ["io.porter-sandbox.installation=quickstart"];
      const query = { all: true, filters: { label } };
      const [containers, volumes, networks] = await Promise.all([
        client.call<{ Names: string[] }[]>("GET", "/containers/json", { query }),
        client.call<{ Volumes: { Name: string }[] | null }>("GET", "/volumes", { query }),
        client.call<{ Name: string }[]>("GET", "/networks", { query: { filters: { label } } }),
      ]);
      return [
        ...containers.flatMap(({ Names }) => Names),
        ...(volumes.Volumes ?? []).map(({ Name }) => Name),
        ...networks.map(({ Name }) => Name),
      ];
    }

    const where = obstacle === undefined ? {} : { QUICKSTART_EGRESS: "unenforced" };

    it("runs in containers, says so in one line, and leaves nothing", async () => {
      const { said, end } = start(where);
      expect(await end, said()).toBe(0);
      const lines = said()
        .split("\n")
        .filter((line) => line.includes("it runs on"));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(`on Docker, ${obstacle === undefined ? "behind" : "without"} a packet filter`);
      expect(lines[0]).toContain(testImage);
      for (const part of ["exit code 0", "stdout: 4", "stderr: sorted", "sandbox\n", "quickstart (running)"]) {
        expect(said()).toContain(part);
      }
      expect(await left()).toEqual([]);
    });

    it("leaves nothing when it is interrupted, and clears away what was left when it was killed", async () => {
      for (const signal of ["SIGINT", "SIGKILL"] as const) {
        const { child, said, end } = start(where);
        await expect.poll(said, { timeout: 60_000, interval: 5 }).toContain("created sandbox");
        child.kill(signal);
        expect(await end).toBe(signal === "SIGINT" ? 130 : null);
        if (signal === "SIGINT") expect(await left()).toEqual([]);
        else expect(await left()).not.toEqual([]);
      }
      expect(await start(where).end).toBe(0);
      expect(await left()).toEqual([]);
    });

    it("is told apart from an engine without an image", async () => {
      expect(await surveyDocker({ host, images: ["no-such-image:1", testImage] })).toEqual({
        unenforceable: obstacle,
        images: [testImage],
      });
    });
  },
);
