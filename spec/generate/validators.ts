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
 * A map of texts. Answers only have them in optional fields, so there an object will do: what judges its entries is 600
 * bytes that every client would carry.
 */
const MAP = /zod\.record\(\/\*#__PURE__\*\/ zod\.string\(\), \/\*#__PURE__\*\/ zod\.string\(\)\)/g;

/**
 * The schemas of all components in a derived document, and a map from operation to the schema of its body.
 * `strict`: unknown fields are refused.
 */
export async function generateValidators(
  document: JsonObject,
  options: { strict: boolean; map: string; byOperation: ReadonlyMap<string, string>; about: string },
): Promise<string> {
  const generated = await runOrval(document, options.strict);
  const schemas = (options.strict ? generated : generated.replaceAll(MAP, "zod.object({})"))
    // Types come from openapi-typescript; only the recursive one is needed here, since inference cannot find it.
    .replaceAll(/^export type \w+ = zod\.(in|out)put<.*;\n/gm, "")
    // The operations of a derived document only exist to be seen.
    .replaceAll(/^export const Shape\w+ =.*\n/gim, "")
    // A union with null reports its mistakes less well than nullish, and is larger.
    .replaceAll(
      /zod\.optional\(\/\*#__PURE__\*\/ zod\.union\(\[(.*),\s*\/\*#__PURE__\*\/ zod\.null\(\)\]\)\)/g,
      "zod.nullish($1)",
    )
    // A getter does what lazy does, and is smaller.
    .replaceAll(
      /^ {2}"(\w+)": (.*)\/\*#__PURE__\*\/ zod\.lazy\(\(\) => (\w+)\)(.*)$/gm,
      "  get $1() { return $2$3$4; }",
    )
    .replaceAll(/^( {2}\w+\?: .*);$/gm, "$1 | undefined;")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
  const entries = [...options.byOperation].map(([operation, schema]) => `  ${operation}: ${schema},`);
  return `${options.about}\n${schemas}\n\nexport const ${options.map} = {\n${entries.join("\n")}\n} as const;\n`;
}
