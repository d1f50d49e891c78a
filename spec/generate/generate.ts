/**
 * Makes everything in `generated/` from `openapi.yaml`. With `--check` nothing is written: it fails when a file differs
 * from what a fresh run makes.
 */

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import { parse } from "yaml";
import { generateCompact } from "./compact.ts";
import { componentByOperation, type JsonObject, requestDocument, responseDocument } from "./derive.ts";
import { generateOperations, generateQueries } from "./operations.ts";
import { generateValidators } from "./validators.ts";

const root = new URL("../", import.meta.url);
const about = (text: string) => `// Made from openapi.yaml by \`npm run generate\`. Do not edit.\n// ${text}\n`;

/** File names and contents, in full. */
export async function generateAll(): Promise<Map<string, string>> {
  const document = parse(await readFile(new URL("openapi.yaml", root), "utf8")) as JsonObject;
  const types = await openapiTS(document as unknown as OpenAPI3, { defaultNonNullable: false });
  return new Map([
    ["types.ts", about("The wire's shapes as types.") + astToString(types)],
    ["operations.ts", generateOperations(document, about("Every operation, as a table."))],
    ...generateCompact(document, about("The client's view, as small as it can be.")),
    ["queries.ts", generateQueries(document, about("The query parameters of operations, as a table."))],
    [
      "requests.ts",
      await generateValidators(requestDocument(document), {
        strict: true,
        map: "requestSchemas",
        byOperation: componentByOperation(document, "request"),
        about: about("Validators of what a client sends: shapes only and closed. The rules of src/ judge the values."),
      }),
    ],
    [
      "responses.ts",
      await generateValidators(responseDocument(document), {
        strict: false,
        map: "responseSchemas",
        byOperation: componentByOperation(document, "response"),
        about: about(
          "Validators of what a server answers: unknown fields, unknown enum values and null for absent pass.",
        ),
      }),
    ],
  ]);
}

/** Names of files in `generated/` that differ from a fresh run, or that it would not make. */
export async function staleFiles(): Promise<string[]> {
  const fresh = await generateAll();
  const there = await readdir(new URL("generated/", root), { recursive: true });
  const stale = there.filter((name) => name.endsWith(".ts") && !fresh.has(name));
  for (const [name, text] of fresh) {
    const committed = await readFile(new URL(`generated/${name}`, root), "utf8").catch(() => undefined);
    if (committed !== text) stale.push(name);
  }
  return stale;
}

if (import.meta.main) {
  if (process.argv.includes("--check")) {
    const stale = await staleFiles();
    if (stale.length > 0) {
      console.error(`generated/ is out of date (${stale.join(", ")}): run \`npm run generate\` in spec/.`);
      process.exitCode = 1;
    }
  } else {
    const fresh = await generateAll();
    await rm(new URL("generated/parts/", root), { recursive: true, force: true });
    await mkdir(new URL("generated/parts/", root), { recursive: true });
    for (const [name, text] of fresh) await writeFile(new URL(`generated/${name}`, root), text);
  }
}
