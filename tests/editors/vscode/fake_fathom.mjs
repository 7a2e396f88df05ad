#!/usr/bin/env node
// A program that a user may have instead of fathom: it misbehaves as its arguments say.
//   --version                       answers as fathom does, or with FAKE_VERSION of its own name
//   lsp crash | slow | edit         ends at once; never answers; answers each command with an edit
//   lsp think                       reasons until it is hurried or stopped

import { basename } from "node:path";

const [command, behaviour] = process.argv.slice(2);
if (command === "--version") {
  console.log(basename(process.argv[1]).includes("old") ? "fathom 0.0.7" : "fathom 0.1.0");
  process.exit(0);
}
if (behaviour === "crash") {
  console.error("fathom: the model's file is upside down");
  process.exit(3);
}

let input = Buffer.alloc(0);
process.stdin.on("data", (data) => {
  input = Buffer.concat([input, data]);
  for (let message = next(); message; message = next()) if (behaviour !== "slow") receive(message);
});
process.stdin.on("end", () => process.exit(0));

function next() {
  const end = input.indexOf("\r\n\r\n");
  const length = Number(/Content-Length: (\d+)/i.exec(input.subarray(0, end))?.[1]);
  if (end < 0 || input.length < end + 4 + length) return undefined;
  const body = input.subarray(end + 4, end + 4 + length);
  input = input.subarray(end + 4 + length);
  return JSON.parse(body);
}

function send(message) {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  process.stdout.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function receive({ id, method, params }) {
  if (method === "exit") process.exit(0);
  if (method === "fathom/answerNow") return thinking?.end();
  if (method === "$/cancelRequest") return thinking?.end("cancelled");
  if (method === "workspace/executeCommand" && behaviour === "think") return think(id, params.workDoneToken);
  if (id === undefined || method === undefined) return;
  send({ id, result: { initialize, "workspace/executeCommand": execute }[method]?.(params) ?? null });
}

let thinking;

function think(id, token) {
  const report = (channel, delta) =>
    send({ method: "$/progress", params: { token, value: { kind: "report", fathom: { channel, delta } } } });
  send({ method: "$/progress", params: { token, value: { kind: "begin", title: "thinking" } } });
  const timer = setInterval(() => report("reasoning", "Hm. "), 50);
  const end = (why) => {
    clearInterval(timer);
    thinking = undefined;
    if (why) return send({ id, error: { code: -32800, message: why } });
    report("answer", "It **adds**.");
    send({ id, result: { reasoning: "Hm.", answer: "It **adds**." } });
  };
  thinking = { end };
}

function initialize() {
  const commands = ["fathom.document"];
  return { capabilities: { textDocumentSync: 2, executeCommandProvider: { commands } } };
}

function execute({ arguments: [{ uri }] }) {
  const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  const edits = [{ range, newText: "// Adds two numbers.\n", annotationId: "fathom" }];
  return {
    reasoning: "It adds.",
    answer: "As follows:\n\n```cpp\n// Adds two numbers.\n```\n",
    edit: {
      documentChanges: [{ textDocument: { uri, version: 1 }, edits }],
      changeAnnotations: { fathom: { label: "Document", needsConfirmation: true } },
    },
  };
}
