// Puts the command and both engines into one file, .image/porter-sandbox-serve.mjs, which needs nothing but Node. The
// image is made of it: see deploy/Dockerfile.
import { join } from "node:path";
import { build } from "esbuild";

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
for (const [file, { bytes }] of Object.entries(metafile.outputs))
  console.log(`${file}: ${Math.round(bytes / 1000)} kB`);
