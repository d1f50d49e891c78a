/** API keys: who may use the server. */
import { ApiError } from "../errors.ts";
import { sha256 } from "../sha256.ts";

/** The keys that are let in, or a function that decides. */
export type Auth =
  | { readonly keys: readonly string[] }
  | { readonly verify: (key: string) => boolean | Promise<boolean> };

export type Gate = (authorization: string | null) => Promise<void> | undefined;

const unauthenticated = (): ApiError =>
  new ApiError({
    status: 401,
    code: "unauthenticated",
    message: "the API key is missing or wrong",
    headers: { "WWW-Authenticate": "Bearer" },
  });

const digestOf = (key: string): Uint8Array => sha256(new TextEncoder().encode(key));

/** Takes as long whatever differs; digests are all of one length and give nothing away by where they differ. */
function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** A gate throws a 401 for everyone else. Without `auth` everyone is let in. Throws a TypeError for keys that are none. */
export function createGate(auth: Auth | undefined): Gate {
  if (auth === undefined) return () => undefined;
  const keyOf = (authorization: string | null): string => {
    const key = /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
    if (key === undefined) throw unauthenticated();
    return key;
  };
  if ("verify" in auth) {
    return async (authorization) => {
      if ((await auth.verify(keyOf(authorization))) !== true) throw unauthenticated();
    };
  }
  if (auth.keys.length === 0 || auth.keys.some((key) => typeof key !== "string" || !/^\S+$/.test(key))) {
    throw new TypeError("auth.keys: must be one or more keys that are not empty and have no white space");
  }
  let digests: Uint8Array[] | undefined;
  return (authorization) => {
    const presented = digestOf(keyOf(authorization));
    digests ??= auth.keys.map(digestOf);
    // Every key is compared, so the time does not tell which one came close.
    const matches = digests.filter((digest) => sameDigest(digest, presented));
    if (matches.length === 0) throw unauthenticated();
    return undefined;
  };
}
