/** Addresses to listen on. */
import { lookup } from "node:dns/promises";
import type { AddressInfo } from "node:net";

/** Whether only this machine reaches it. */
export const isLoopback = (address: string): boolean =>
  /^127\.\d+\.\d+\.\d+$/.test(address) || address === "::1" || /^::ffff:127\./i.test(address);

/** Whether a host in a URL names this machine to itself, whoever asks for it. */
export const isOwnName = (hostname: string): boolean =>
  /^(.+\.)?localhost$/i.test(hostname) || isLoopback(hostname.replace(/^\[(.*)\]$/, "$1"));

/** The address that a host stands for here. Throws an Error that names a host that stands for none. */
export async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    throw new Error(`host: must be an address or a name of this machine (got ${JSON.stringify(host)})`, {
      cause: error,
    });
  }
}

export const urlOf = (scheme: "http" | "https", { address, family, port }: AddressInfo): string =>
  `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}`;

/** Why a port cannot be had, in words. */
export function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `${port} on ${host} is taken by another program`,
    EACCES: `${port} on ${host} may not be used by this user`,
    EADDRNOTAVAIL: `${host} is no address of this machine`,
  };
  const reason = reasons[error.code ?? ""] ?? error.message;
  return new Error(`${error.code === "EADDRNOTAVAIL" ? "host" : "port"}: ${reason}`, { cause: error });
}
