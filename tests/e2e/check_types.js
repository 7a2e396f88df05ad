// Checks values against the types of the language server protocol, as its own package declares them.
//
//   node check_types.js NODE_MODULES < values.jsonl
//
// A line of the input is {"where": TEXT, "method": METHOD, "part": "params" or "result",
// "value": VALUE}, or {"method": METHOD} alone. Prints one line for each value that does not fit,
// and the methods that the protocol does not have as "unknown METHOD". Members that a type does not
// declare do not fit.

"use strict";

const fs = require("fs");
const path = require("path");

const modules = path.resolve(process.argv[2]);
const ts = require(path.join(modules, "typescript"));
const protocol = require(path.join(modules, "vscode-languageserver-protocol", "lib", "node", "main.js"));

const HEADER = `
import * as p from "vscode-languageserver-protocol/node";
type Params<T> =
    T extends p.ProtocolRequestType<infer P, any, any, any, any> ? P :
    T extends p.ProtocolNotificationType<infer P, any> ? P : undefined;
type Null<R> = 0 extends 1 & R ? R : [R] extends [void] ? null : R;  // any stays any
type Result<T> =
    T extends p.ProtocolRequestType0<infer R, any, any, any> ? Null<R> :
    T extends p.ProtocolRequestType<any, infer R, any, any, any> ? Null<R> : never;
type Progress = { token: p.ProgressToken,
                  value: p.WorkDoneProgressBegin | p.WorkDoneProgressReport | p.WorkDoneProgressEnd };
`;

/** Names of what the package exports for each method: "InlineCompletionRequest". */
function exportsByMethod() {
  const names = new Map();
  for (const [name, value] of Object.entries(protocol))
    if (value && typeof value.method === "string" && value.type) names.set(value.method, name);
  return names;
}

function typeOf({ method, part }, names) {
  if (!part) return names.has(method) || method.startsWith("$/") ? "no value" : undefined;
  if (method === "$/progress") return "Progress";
  const name = names.get(method);
  return name && `${part === "params" ? "Params" : "Result"}<typeof p.${name}.type>`;
}

const names = exportsByMethod();
const lines = fs.readFileSync(0, "utf8").split("\n").filter((line) => line);
const values = [];
for (const value of lines.map((line) => JSON.parse(line))) {
  value.type = typeOf(value, names);
  if (value.part && value.type) values.push(value);
  else if (!value.type) console.log(`unknown ${value.method}`);
}

const file = path.join(modules, "messages_to_check.ts"); // in memory only; finds its imports there
const source =
  HEADER +
  values.map((v, i) => `const v${i}: ${v.type} = ${JSON.stringify(v.value)};`).join("\n") +
  "\nexport {};\n";
const options = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  target: ts.ScriptTarget.ES2022,
};
const host = ts.createCompilerHost(options);
const readFile = host.getSourceFile.bind(host);
host.getSourceFile = (name, ...rest) =>
  name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : readFile(name, ...rest);
const fileExists = host.fileExists.bind(host);
host.fileExists = (name) => name === file || fileExists(name);

const firstLine = HEADER.split("\n").length - 1;
for (const problem of ts.getPreEmitDiagnostics(ts.createProgram([file], options, host))) {
  const text = ts.flattenDiagnosticMessageText(problem.messageText, " ");
  const line = problem.file && problem.file.getLineAndCharacterOfPosition(problem.start).line;
  const value = problem.file && problem.file.fileName === file && values[line - firstLine];
  console.log(value ? `${value.where}: ${text} ${JSON.stringify(value.value)}` : text);
}
