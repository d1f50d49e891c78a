// Puts the command and both engines into one file, .image/porter-sandbox-serve.mjs, which needs nothing but Node. The
// image is made of it: see deploy/Dockerfile.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";

const outfile = join(import.meta.dirname, ".image/porter-sandbox-serve.mjs");
const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, "src/cli.ts")],
  outfile,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  // Optional, and looked for when it runs.
  external: ["just-bash"],
  legalComments: "inline",
  write: false,
  logLevel: "warning",
});
// Whole or not at all: two tests make it at the same time.
const fresh = `${outfile}.${process.pid}`;
mkdirSync(dirname(outfile), { recursive: true });
for (const { contents } of outputFiles) writeFileSync(fresh, contents);
renameSync(fresh, outfile);
console.log(`${outfile}: ${Math.round((outputFiles[0]?.contents.length ?? 0) / 1000)} kB`);
