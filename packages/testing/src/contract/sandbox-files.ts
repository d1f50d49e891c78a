/** How cases get at the files of a sandbox, and at a server whose execs answer otherwise. */
import type { SandboxFiles } from "@porter-sandbox/core";
import type { Context } from "./context.ts";
import type { FetchLike } from "./target.ts";

export const filesOf = async (c: Context): Promise<SandboxFiles> => (await c.sandbox()).files;

export const namesIn = async (files: SandboxFiles, path: string) => (await files.listdir(path)).map(({ name }) => name);

/** What an exec of the client's answers, bent by `bend`; `count` is the how many-th it is. */
export function bentExecs(
  c: Context,
  bend: (answer: { stdout: string; stderr: string; exit_code: number }, count: number) => object | undefined,
): FetchLike {
  let count = 0;
  return async (input, init) => {
    const response = await c.target.fetch(input, init);
    if (!String(input).endsWith("/exec") || response.status !== 200) return response;
    const answer = (await response.json()) as { stdout: string; stderr: string; exit_code: number };
    count += 1;
    return Response.json({ ...answer, ...bend(answer, count) });
  };
}

/** The files of a new sandbox through a client whose execs answer what `bend` makes of them. */
export async function bent(c: Context, bend: Parameters<typeof bentExecs>[1]): Promise<SandboxFiles> {
  const { id } = await c.running();
  return c.porterOver(bentExecs(c, bend)).sandboxes.fromId(id).files;
}
