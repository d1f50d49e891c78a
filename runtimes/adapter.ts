import type { Porter } from "porter-sandbox";

/** Where a client sends its requests, and with which key: what it found for its configuration. */
export async function destinationOf(make: () => Porter): Promise<{ url: string; authorization: string | null }> {
  const seen: { url: string; authorization: string | null }[] = [];
  const original = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    seen.push({ url: request.url, authorization: request.headers.get("authorization") });
    return Response.json({ volumes: [] });
  };
  try {
    const porter = make();
    await porter.volumes.list();
    porter.close();
  } finally {
    globalThis.fetch = original;
  }
  const [first] = seen;
  if (first === undefined || seen.length > 1) throw new Error(`expected one request, saw ${seen.length}`);
  return first;
}

/** Fails with both values unless they are the same JSON. */
export function expectSame(actual: unknown, expected: unknown): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`expected ${right}, got ${left}`);
}

/** Fails unless `make` throws a ConfigurationError. */
export function expectUnconfigured(make: () => unknown): void {
  try {
    make();
  } catch (error) {
    expectSame((error as Error).name, "ConfigurationError");
    return;
  }
  throw new Error("expected a ConfigurationError");
}

/** Names that only the Node adapter has. */
export const nodeOnly = ["downloadFile", "uploadFile"];
