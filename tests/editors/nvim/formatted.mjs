// Whether the Lua sources are as StyLua writes them: formatted.mjs [--fix] FOLDER...

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.resolve(import.meta.dirname, "../../../third_party/package.json"));
const stylua = require("@johnnymorganz/stylua/stylua_lib_node.cjs");

/** A new one for each call, which takes it. */
function config() {
  const config = stylua.Config.new();
  config.syntax = stylua.LuaVersion.LuaJIT;
  config.column_width = 100;
  config.indent_type = stylua.IndentType.Spaces;
  config.indent_width = 2;
  config.quote_style = stylua.QuoteStyle.AutoPreferSingle;
  return config;
}

const places = process.argv.slice(2).filter((argument) => argument !== "--fix");
const files = places.flatMap((place) =>
  statSync(place).isDirectory() ? readdirSync(place, { recursive: true }).map((name) => path.join(place, name)) : [place],
);
let findings = 0;
for (const file of files.filter((name) => name.endsWith(".lua")).sort()) {
  const text = readFileSync(file, "utf8");
  const formatted = stylua.formatCode(text, config(), undefined, stylua.OutputVerification.Full);
  if (formatted === text) continue;
  if (process.argv.includes("--fix")) writeFileSync(file, formatted);
  else console.log(`${file}: run tests/editors/nvim/formatted.mjs --fix on it`);
  findings += 1;
}
console.log(`${findings} findings`);
process.exit(findings > 0 && !process.argv.includes("--fix") ? 1 : 0);
