/** zod/mini validators, by orval from a derived document, cut down to what is used. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "orval";
import type { JsonObject } from "./derive.ts";

async function runOrval(document: JsonObject, strict: boolean): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "spec-"));
  const target = join(directory, "out.ts");
  // orval greets on standard output, which is not what a person asked for.
  const { log } = console;
  console.log = () => {};
  try {
    await generate(
      {
        input: { target: document },
        output: {
          target,
          client: "zod",
          mode: "single",
          override: {
            header: false,
            zod: { variant: "mini", generateReusableSchemas: true, strict: { body: strict, response: strict } },
          },
        },
      },
      directory,
    );
    return await readFile(target, "utf8");
  } finally {
    console.log = log;
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * The schemas of all components in a derived document, and a map from operation to the schema of its body.
 * `strict`: unknown fields are refused.
 */
export async function generateValidators(
  document: JsonObject,
  options: { strict: boolean; map: string; byOperation: ReadonlyMap<string, string>; about: string },
): Promise<string> {
  const generated = await runOrval(document, options.strict);
  const schemas = generated
    // Types come from openapi-typescript; only the recursive one is needed here, since inference cannot find it.
    .replaceAll(/^export type \w+ = zod\.(in|out)put<.*;\n/gm, "")
    // The operations of a derived document only exist to be seen.
    .replaceAll(/^export const Shape\w+ =.*\n/gim, "")
    // A union with null reports its mistakes less well than nullish, and is larger.
    .replaceAll(
      /zod\.optional\(\/\*#__PURE__\*\/ zod\.union\(\[(.*),\s*\/\*#__PURE__\*\/ zod\.null\(\)\]\)\)/g,
      "zod.nullish($1)",
    )
    .replaceAll(/^( {2}\w+\?: .*);$/gm, "$1 | undefined;")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
  const entries = [...options.byOperation].map(([operation, schema]) => `  ${operation}: ${schema},`);
  return `${options.about}\n${schemas}\n\nexport const ${options.map} = {\n${entries.join("\n")}\n} as const;\n`;
}
