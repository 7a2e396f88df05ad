// Bundles the extension and its web view into dist/, and its texts into l10n/; with --tests also the unit tests.

import { build } from "esbuild";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { writeBundle } from "./l10n.mjs";

const here = import.meta.dirname;
const tests = path.join(here, "../../tests/editors/vscode/unit");
const common = { absWorkingDir: here, bundle: true, minify: true, logLevel: "warning" };
const host = { ...common, platform: "node", target: "node20", format: "cjs", external: ["vscode"] };

rmSync(path.join(here, "dist"), { recursive: true, force: true });
writeBundle(here);
await build({ ...host, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js" });
await build({
  ...common,
  platform: "browser",
  target: "es2022",
  entryPoints: { answers: "src/explain/view/main.ts", style: "src/explain/view/style.css" },
  outdir: "dist",
});
if (process.argv.includes("--tests")) {
  const entryPoints = readdirSync(tests).map((name) => path.join(tests, name));
  await build({ ...host, nodePaths: [path.join(here, "node_modules")], minify: false, entryPoints, outdir: "dist/tests" });
}
