import { execFile } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import { delimiter, join } from "node:path";
import { EngineError } from "@porter-sandbox/api";
import type { Endpoint } from "../endpoint.ts";
import { isIpv4 } from "./nft.ts";

/** Why the packet filter of sandboxes is out of reach here; undefined when it is within reach. */
export function whyUnenforceable(endpoint: Endpoint): string | undefined {
  if (process.platform !== "linux") return "this is no Linux machine";
  if (endpoint.kind !== "socket") return "the engine is on another machine";
  if (process.geteuid?.() !== 0) return "it needs root, to enter the sandboxes' network namespaces";
  const missing = ["nsenter", "nft"].filter((tool) => findTool(tool) === undefined);
  return missing.length > 0 ? `${missing.join(" and ")} cannot be found` : undefined;
}

function findTool(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Puts the filter, a whole ruleset, into the network namespace of the process `pid`. The container's id must be in the process's cgroup:
 * otherwise the engine counts processes in another namespace, and `pid` is somebody else.
 */
export async function applyFilter(pid: number, container: string, rules: string): Promise<void> {
  const cgroup = readOrEmpty(`/proc/${pid}/cgroup`);
  if (pid <= 0 || !cgroup.includes(container)) {
    throw new EngineError(
      "engine_error",
      "egress cannot be enforced: the engine's processes are not visible from here",
    );
  }
  const [nsenter, nft] = [findTool("nsenter"), findTool("nft")];
  if (nsenter === undefined || nft === undefined) {
    throw new EngineError("engine_error", "egress cannot be enforced: nsenter and nft cannot be found");
  }
  await run(nsenter, ["--target", String(pid), "--net", "--", nft, "-f", "-"], rules);
}

function run(file: string, args: readonly string[], input: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, { timeout: 30_000 }, (error, _stdout, stderr) => {
      if (error === null) return resolve();
      reject(
        new EngineError("engine_error", `egress could not be enforced: ${stderr.trim() || error.message}`, {
          cause: error,
        }),
      );
    });
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/**
 * The addresses of this machine itself, IPv4, beside loopback's own range. They can be public ones, on loopback, or on an
 * interface that does not run: what counts is what the kernel takes for itself, which no list of interfaces tells.
 */
export function ownAddresses(): string[] {
  const listed = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ family, address }) => (family === "IPv4" ? [address] : []));
  // Process 1's as well: this one may have a network of its own, and see the machine's processes.
  const routed = ["/proc/net/fib_trie", "/proc/1/net/fib_trie"].flatMap((file) => localAddresses(readOrEmpty(file)));
  return [...new Set([...listed, ...routed])].filter((address) => !address.startsWith("127.")).sort();
}

/** The addresses and ranges that a kernel delivers to itself, from its table of routes (`fib_trie`). */
export function localAddresses(trie: string): string[] {
  const found: string[] = [];
  let prefix = "";
  for (const line of trie.split("\n")) {
    prefix = /\|-- (\d+\.\d+\.\d+\.\d+)$/.exec(line)?.[1] ?? prefix;
    const bits = /^\s*\/(\d+) host LOCAL$/.exec(line)?.[1];
    if (bits !== undefined && prefix !== "") found.push(bits === "32" ? prefix : `${prefix}/${bits}`);
  }
  return found;
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Whether an address is this machine's: only then can something listen there. Interfaces are listed only once they run. */
export function isOwnAddress(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: address, port: 0, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The resolvers of this machine that Docker's resolver asks from inside a sandbox; those on loopback it asks itself. */
export function machineResolvers(): string[] {
  return readOrEmpty("/etc/resolv.conf")
    .split("\n")
    .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? [])
    .filter((address) => isIpv4(address) && !address.startsWith("127."));
}
