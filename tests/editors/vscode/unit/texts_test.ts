import assert from "node:assert/strict";
import { test } from "node:test";
import { append, toKeep, type Answer } from "../../../../editors/vscode/src/explain/answers";
import { changesOf, confirmed } from "../../../../editors/vscode/src/explain/plainEdit";
import { applyTextEdits } from "../../../../editors/vscode/src/explain/textEdits";
import { render } from "../../../../editors/vscode/src/explain/view/render";
import { acceptedLength } from "../../../../editors/vscode/src/suggestions/acceptedLength";
import { figures, type ServerStatus } from "../../../../editors/vscode/src/status/serverStatus";

const at = (line: number, character: number) => ({ line, character });
const edit = (start: ReturnType<typeof at>, end: ReturnType<typeof at>, newText: string) => ({ range: { start, end }, newText });

test("edits are made from the end, wherever their lines end", () => {
  const edits = [edit(at(0, 0), at(0, 1), "A"), edit(at(1, 1), at(9, 0), "!")];
  assert.equal(applyTextEdits("ab\r\ncd\nef", edits), "Ab\r\nc!");
  assert.equal(applyTextEdits("", [edit(at(0, 0), at(0, 0), "x\n")]), "x\n");
  assert.equal(applyTextEdits("\u{1f600}b", [edit(at(0, 2), at(0, 3), "c")]), "\u{1f600}c");
});

test("an edit that was confirmed asks nothing more", () => {
  const annotated = { ...edit(at(0, 0), at(0, 0), "x"), annotationId: "a" };
  const asks = {
    documentChanges: [
      { kind: "create" as const, uri: "file:///t.cpp", annotationId: "a" },
      { textDocument: { uri: "file:///t.cpp", version: null }, edits: [annotated] },
    ],
    changeAnnotations: { a: { label: "Write tests", needsConfirmation: true } },
  };
  assert.ok(!JSON.stringify(confirmed(asks)).includes("nnotation"));
  assert.deepEqual(changesOf(asks), [{ uri: "file:///t.cpp", version: null, creates: true, edits: [annotated] }]);
});

test("a suggestion is accepted as far as the document begins like it", () => {
  assert.equal(acceptedLength("return a;\nb", "return"), 6);
  assert.equal(acceptedLength("a\nb", "a\r\nb"), 3);
  assert.equal(acceptedLength("abc", "abd"), 0);
});

test("what the model writes is text: no HTML, images or scripts", () => {
  const html = render("<img src=x onerror=alert(1)> ![a](https://x/y.png) [b](javascript:alert(1)) [c](https://d/)");
  assert.ok(!/<img|<script|href="javascript/.test(html), html);
  assert.ok(html.includes('<a href="https://d/">c</a>'), html);
  assert.ok(render("```cpp\n<b>\n```").includes("&lt;b&gt;"));
});

test("answers that were cut off are kept as stopped, the newest ones", () => {
  const answer: Answer = {
    id: "1", title: "", uri: "", firstLine: 0, lastLine: -1, phase: "waiting", reasoning: "", answer: "",
    reasoningTokens: 0, answerTokens: 0, startedMs: 1000, reasoningMs: 0, problem: "",
  };
  append(answer, "reasoning", "Hm", 1500);
  append(answer, "reasoning", "m", 1700);
  append(answer, "answer", "Yes", 1900);
  assert.deepEqual(
    [answer.reasoning, answer.reasoningTokens, answer.reasoningMs, answer.answer, answer.phase],
    ["Hmm", 2, 700, "Yes", "answer"],
  );
  assert.deepEqual(
    toKeep([{ ...answer, id: "0", phase: "done" }, answer], 1).map(({ id, phase }) => [id, phase]),
    [["1", "stopped"]],
  );
});

test("figures of a server that has done nothing are 0", () => {
  const completions = { requests: 0, from_cache: 0, prompt_tokens: 0, reused_tokens: 0, generated_tokens: 0, total: { sum_ms: 0 } };
  const status: ServerStatus = { version: "", models: [], completions };
  assert.deepEqual(figures(status), { tokensPerSecond: 0, fromCache: 0, reused: 0 });
});
