// Puts the command and both engines into one file, .image/porter-sandbox-serve.mjs, which needs nothing but Node. The
// image is made of it: see deploy/Dockerfile.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { licencesOf } from "../../scripts/licences.ts";

const { metafile } = await build({
  entryPoints: [join(import.meta.dirname, "src/cli.ts")],
  outfile: join(import.meta.dirname, ".image/porter-sandbox-serve.mjs"),
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  // Optional, and looked for when it runs.
  external: ["just-bash"],
  legalComments: "inline",
  metafile: true,
  logLevel: "warning",
});
const licences = licencesOf(Object.keys(metafile.inputs).map((file) => resolve(file)));
writeFileSync(join(import.meta.dirname, ".image/THIRD-PARTY-LICENSES"), licences ?? "");
for (const [file, { bytes }] of Object.entries(metafile.outputs))
  console.log(`${file}: ${Math.round(bytes / 1000)} kB`);
