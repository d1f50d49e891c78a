/**
 * A public internet of one machine, for what sandboxes can reach: a network namespace that goes by the number of the run's
 * first process, so that the next run knows those of runs that were killed. They would lead the machine's own traffic astray.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { lives } from "./lives.ts";

export interface World {
  /** Its name, and what the names of its links begin with. */
  readonly name: string;
  /** This machine's address in it, the other machine's two, the metadata service's and a private one. */
  readonly addresses: {
    readonly near: string;
    readonly far: string;
    readonly second: string;
    readonly metadata: string;
    readonly inner: string;
  };
  close(): void;
}

const addresses = {
  near: "203.0.113.1",
  far: "203.0.113.2",
  second: "203.0.113.77",
  metadata: "169.254.169.254",
  inner: "10.200.0.2",
} as const;

export const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8", stdio: "pipe" });

function attempt(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // Gone, or gone with something else.
  }
}

/** Answers every question of DNS with 203.0.113.77, and every request with one word. */
const services = `
  require("node:http").createServer((q, a) => a.end("reached")).listen(8099, "0.0.0.0");
  const dns = require("node:dgram").createSocket("udp4");
  dns.on("message", (query, from) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5);
    const head = Buffer.concat([query.subarray(0, 2), Buffer.from("818000010001" + "00000000", "hex")]);
    const record = Buffer.from("c00c00010001" + "0000003c0004" + "cb00714d", "hex");
    dns.send(Buffer.concat([head, question, record]), from.port, from.address);
  });
  dns.bind(53, "${addresses.inner}");`;

/** `run`: the first process of this run of the tests. */
export function openWorld(run: number): World {
  const name = `pw${run}`;
  const { near, far, second, metadata, inner } = addresses;
  const inside = (...command: string[]) => ["netns", "exec", name, ...command];
  let listener: ChildProcess | undefined;
  const close = () => {
    listener?.kill();
    remove(name);
  };
  try {
    ip("netns", "add", name);
    ip("link", "add", `${name}h`, "type", "veth", "peer", "name", `${name}w`, "netns", name);
    ip("addr", "add", `${near}/24`, "dev", `${name}h`);
    ip("link", "set", `${name}h`, "up");
    const others = [`${far}/24`, `${second}/24`, `${metadata}/32`, `${inner}/32`];
    for (const address of others) ip(...inside("ip", "addr", "add", address, "dev", `${name}w`));
    ip(...inside("ip", "link", "set", `${name}w`, "up"));
    ip(...inside("ip", "link", "set", "lo", "up"));
    ip(...inside("ip", "route", "add", "default", "via", near));
    ip("route", "add", `${metadata}/32`, "via", far);
    ip("route", "add", "10.200.0.0/24", "via", far);
    listener = spawn("ip", inside(process.execPath, "-e", services), { stdio: "ignore" });
  } catch (error) {
    close();
    throw error;
  }
  return { name, addresses, close };
}

/** A network namespace of this process with nothing but loopback in it; answers its name. */
export function addNetwork(): string {
  networks += 1;
  const name = `pw${process.pid}n${networks}`;
  ip("netns", "add", name);
  execFileSync("nsenter", [`--net=/run/netns/${name}`, "ip", "link", "set", "lo", "up"], { stdio: "pipe" });
  return name;
}
let networks = 0;

export const removeNetwork = (name: string): void => attempt("netns", "del", name);

/** Gives loopback an address under the name of this run; answers what takes it away. */
export function addToLoopback(run: number, address: string): () => void {
  ip("addr", "add", `${address}/32`, "dev", "lo", "label", `lo:pw${run}`);
  return () => attempt("addr", "del", `${address}/32`, "dev", "lo");
}

/** Removes the namespaces, what runs in them, and the links and addresses that go by the name; routes go with the links. */
function remove(name: string): void {
  const named = (what: string) => new RegExp(`^${name}(?!\\d)`).test(what);
  for (const link of namesFrom(["-br", "link"], /^pw\w+/).filter(named)) attempt("link", "del", link);
  for (const space of namesFrom(["netns", "list"], /^pw\w+/).filter(named)) {
    // It would go on without a name as long as something runs in it.
    for (const pid of namesFrom(["netns", "pids", space], /^\d+$/)) kill(Number(pid));
    attempt("netns", "del", space);
  }
  for (const [address, label] of loopback()) {
    if (label === `lo:${name}`) attempt("addr", "del", address, "dev", "lo");
  }
}

/** Clears away what runs that are gone have left of theirs. Answers their names. */
export function removeDeadWorlds(): string[] {
  const found = [
    ...namesFrom(["netns", "list"], /^pw\d+/),
    ...namesFrom(["-br", "link"], /^pw\d+/),
    ...loopback().flatMap(([, label]) => /^lo:(pw\d+)$/.exec(label)?.[1] ?? []),
  ];
  const dead = [...new Set(found)].filter((name) => !lives(Number(name.slice(2))));
  for (const name of dead) remove(name);
  return dead;
}

/** The first match in each line that a question to `ip` is answered with. */
function namesFrom(question: string[], pattern: RegExp): string[] {
  try {
    return ip(...question)
      .split("\n")
      .flatMap((line) => pattern.exec(line)?.[0] ?? []);
  } catch {
    return [];
  }
}

function loopback(): [address: string, label: string][] {
  return namesFrom(["-4", "-o", "addr", "show", "dev", "lo"], /inet .*/).flatMap((line) => {
    const [, address, label] = /^inet (\S+) .* (lo[:\w]*)/.exec(line) ?? [];
    return address === undefined || label === undefined ? [] : [[address, label] as [string, string]];
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
