#!/usr/bin/env node
// A program that a user may have instead of fathom: it does as its arguments say.
//   --version           answers as fathom does, or with a version of its own if it is named "old"
//   lsp crash           ends at once
//   lsp slow            never answers
//   lsp edit            answers each command with an edit
//   lsp think           reasons until it is hurried or stopped
//   lsp load            has nothing to suggest at first, because the model is loading
//   lsp review          finds what it was made to find; reviews of branches go on until they are stopped
// Once it is running there is a file beside it that ends in ".runs".

import { writeFileSync } from "node:fs";
import { basename } from "node:path";

const self = process.argv[1];
const [command, behaviour] = process.argv.slice(2);
if (command === "--version") {
  console.log(basename(self).includes("old") ? "fathom 0.0.7" : "fathom 0.1.0");
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

const notify = (method, params) => send({ method, params });
const progress = (token, value) => notify("$/progress", { token, value });
const place = (line, first, last) => ({ start: { line, character: first }, end: { line, character: last } });

const kCommands = {
  edit: { "fathom.document": document },
  think: { "fathom.explain": think, "fathom.ask": think },
  review: { "fathom.review": review, "fathom.clearReview": clear, "fathom.dismissFinding": dismiss },
}[behaviour];

function receive({ id, method, params }) {
  if (method === "exit") process.exit(0);
  if (method === "initialized") writeFileSync(`${self}.runs`, "");
  if (method === "fathom/answerNow") thinking?.end();
  if (method === "$/cancelRequest") running.get(params.id)?.();
  if (id === undefined || method === undefined) return;
  if (method === "workspace/executeCommand")
    return kCommands[params.command]({ id, token: params.workDoneToken, argument: params.arguments?.[0] });
  const answer = { initialize, "textDocument/inlineCompletion": suggest, "textDocument/codeAction": codeActions }[method];
  send({ id, result: answer?.(params) ?? null });
}

function initialize() {
  const commands = Object.keys(kCommands ?? {});
  return {
    capabilities: {
      textDocumentSync: 2,
      executeCommandProvider: { commands },
      inlineCompletionProvider: behaviour === "load",
      codeActionProvider: behaviour === "review",
    },
  };
}

const running = new Map(); // what ends a request, by its id

function document({ id, argument: { uri } }) {
  const edits = [{ range: place(0, 0, 0), newText: "// Adds two numbers.\n", annotationId: "fathom" }];
  const result = {
    reasoning: "It adds.",
    answer: "As follows:\n\n```cpp\n// Adds two numbers.\n```\n",
    edit: {
      documentChanges: [{ textDocument: { uri, version: 1 }, edits }],
      changeAnnotations: { fathom: { label: "Document", needsConfirmation: true } },
    },
  };
  send({ id, result });
}

let thinking;

function think({ id, token }) {
  const report = (channel, delta) => progress(token, { kind: "report", fathom: { channel, delta } });
  progress(token, { kind: "begin", title: "thinking" });
  const timer = setInterval(() => report("reasoning", "Hm. "), 50);
  const end = (why) => {
    clearInterval(timer);
    thinking = undefined;
    running.delete(id);
    if (why) return send({ id, error: { code: -32800, message: why } });
    const answer = "It **adds**:\n\n```cpp\nsum();\n```\n";
    report("answer", answer);
    send({ id, result: { reasoning: "Hm.", answer } });
  };
  running.set(id, () => end("cancelled"));
  thinking = { end };
}

let isLoaded = false;

function suggest({ position: { line, character } }) {
  const range = place(line, character, character);
  if (isLoaded) return { items: ["::loaded", "::loaded_too"].map((insertText) => ({ insertText, range })) };
  const tell = (busy) => notify("didChangeStatus", { busy, kind: "Normal", message: busy ? "loading" : "ready" });
  tell(true);
  setTimeout(() => {
    isLoaded = true;
    tell(false);
  }, 300);
  return { items: [] };
}

// Of the file that tests/editors/vscode/review_test.mjs writes.
const kFindings = [
  { fingerprint: "1", range: place(4, 2, 28), severity: 1, code: "correctness", title: "The loop ends too late" },
  { fingerprint: "2", range: place(5, 4, 19), severity: 2, code: "safety", title: "The sum may overflow" },
];
let reviewed; // uri
let findings = [];

function publish() {
  const diagnostics = findings.map(({ fingerprint, title, ...finding }) => ({
    ...finding,
    message: title,
    source: "fathom",
    data: { fingerprint },
  }));
  notify("textDocument/publishDiagnostics", { uri: reviewed, diagnostics });
}

function review({ id, token, argument: { uri, scope, base } }) {
  progress(token, { kind: "begin", title: "review", cancellable: true });
  progress(token, { kind: "report", message: "1 of 3 parts", percentage: 33 });
  if (scope === "branch") {
    const end = (error) => send({ id, error });
    if (base) return end({ code: -32803, message: `there is no branch ${base}` });
    running.set(id, () => end({ code: -32800, message: "cancelled" }));
    return;
  }
  reviewed = uri.endsWith(".cpp") ? uri : `${uri}/total.cpp`;
  findings = kFindings;
  publish();
  const notReviewed = scope === "staged" ? [{ path: "big.bin", reason: "binary" }] : [];
  progress(token, { kind: "end" });
  send({ id, result: { summary: "2 findings in 1 changed file", findings, notReviewed, complete: true } });
}

function clear({ id }) {
  findings = [];
  publish();
  send({ id, result: null });
}

function dismiss({ id, argument }) {
  findings = findings.filter(({ fingerprint }) => fingerprint !== argument.fingerprint);
  publish();
  send({ id, result: null });
}

function codeActions({ textDocument: { uri }, context: { diagnostics } }) {
  return diagnostics.flatMap((diagnostic) => {
    const { fingerprint } = diagnostic.data;
    const dismissal = { title: "Dismiss this finding", command: "fathom.dismissFinding", arguments: [{ uri, fingerprint }] };
    const actions = [{ title: dismissal.title, kind: "quickfix", diagnostics: [diagnostic], command: dismissal }];
    if (fingerprint === "1") {
      const { line } = diagnostic.range.start;
      const edit = { changes: { [uri]: [{ range: place(line, 20, 22), newText: "<" }] } };
      const title = `Apply fathom's suggestion: ${diagnostic.message}`;
      actions.unshift({ title, kind: "quickfix", isPreferred: true, diagnostics: [diagnostic], edit });
    }
    return actions;
  });
}
