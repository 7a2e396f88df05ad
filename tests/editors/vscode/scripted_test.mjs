// Reviews in a real repository, edits, reasoning and suggestions of a server that says what it was told to
// (fake_fathom.mjs): what a model would say is not tested.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { Editor, waitFor } from "./editor.mjs";
import { World, kCode } from "./world.mjs";

const kBefore = `#include <vector>

int total(const std::vector<int>& values) {
  int sum = 0;
  for (int i = 0; i < int(values.size()); ++i)
    sum += values[i];
  return sum;
}
`;
const kAfter = kBefore.replace("i < int(values.size())", "i <= int(values.size())");
let world, editor, problems;

before(async () => {
  world = new World({ settings: {}, userSettings: { "git.enabled": true, "git.openRepositoryInParentFolders": "never" } });
  world.write("total.cpp", kBefore);
  world.write("words.cpp", kCode);
  world.git("init", "-q", "-b", "main");
  world.git("add", ".");
  world.git("commit", "-q", "-m", "Add a sum");
  world.git("branch", "older");
  world.write("total.cpp", kAfter);
  await world.start();
  editor = new Editor(await world.open());
  await editor.openFile("total.cpp");
  problems = editor.page.locator(".markers-panel .monaco-list-row");
});
after(() => world?.end());
beforeEach(() => editor.clearNotifications());

const problem = (text) => problems.filter({ hasText: text });

/** Puts the cursor on a line and chooses one of its quick fixes. */
async function fix(line, title) {
  await editor.goto(line, 5);
  const rows = editor.page.locator(".action-widget .monaco-list-row.action");
  await waitFor("the quick fixes", async () => {
    await editor.keys.press("Control+."); // a line that was just gone to may close them again
    return rows.filter({ hasText: title }).waitFor({ timeout: 5000 }).then(() => true, () => false);
  });
  for (const chosen = rows.and(editor.page.locator(".focused")).filter({ hasText: title }); !(await chosen.count()); )
    await editor.keys.press("ArrowDown");
  await editor.keys.press("Enter");
}

/** Has the editor start a server that does what its name says, and opens a document. */
async function run(behaviour, document) {
  const file = world.fake(behaviour);
  world.changeSettings({ "fathom.client.path": file, "fathom.client.arguments": [behaviour] });
  await waitFor("the program", () => existsSync(`${file}.runs`));
  await editor.openFile(document);
}

test("puts findings among the problems, and opens them", async () => {
  await run("review", "total.cpp");
  await editor.command("fathom: Review Changes");
  await editor.pressButton("Review: 2 findings in 1 changed file.", "Open Problems");
  await problem("The loop ends too late").waitFor();
  await problem("The sum may overflow").waitFor();
  await editor.openFile("total.cpp");
  await editor.picture("review");
});

test("applies a suggestion", async () => {
  await fix(5, "Apply fathom's suggestion");
  await waitFor("the edit", async () => (await editor.currentLine()).includes("i < int("));
  await editor.keys.press("Control+z");
  await waitFor("the edit to be undone", async () => (await editor.currentLine()).includes("i <= int("));
});

test("dismisses a finding", async () => {
  await fix(6, "Dismiss this finding");
  await problem("The sum may overflow").waitFor({ state: "detached" });
  assert.equal(await problem("The loop ends too late").count(), 1);
});

test("clears what was found", async () => {
  await editor.command("fathom: Clear Review");
  await problem("The loop ends too late").waitFor({ state: "detached" });
});

test("says what was not reviewed", async () => {
  await editor.command("fathom: Review Staged Changes");
  await editor.notification("Review: 2 findings in 1 changed file. Not reviewed: big.bin (binary).").waitFor();
});

test("reviews a branch, shows how far it is, and ends it when told to", async () => {
  await editor.command("fathom: Review Branch...");
  await editor.page.locator(".quick-input-list .monaco-list-row", { hasText: "older" }).waitFor();
  await editor.page.locator(".quick-input-list .monaco-list-row", { hasText: "The default branch" }).click();
  await editor.notification("1 of 3 parts").waitFor();
  await editor.notification("Reviewing changes").locator(".monaco-button", { hasText: "Cancel" }).click();
  await editor.notification("Reviewing changes").waitFor({ state: "detached" });
  assert.equal(await editor.notification("There is no review").count(), 0);
});

test("says why there is no review", async () => {
  await editor.command("fathom: Review Branch...");
  await editor.page.locator(".quick-input-list .monaco-list-row", { hasText: "older" }).click();
  await editor.notification("There is no review: there is no branch older").waitFor();
});

test("is at hand where changes are", async () => {
  await editor.command("fathom: Clear Review");
  await editor.openView("Source Control");
  await editor.page.locator('.sidebar [aria-label="Review Changes"]').first().click();
  await problem("The loop ends too late").waitFor();
  await editor.openView("Explorer");
});

test("an edit is a diff until it is applied", async () => {
  await run("edit", "words.cpp");
  await editor.command("fathom: Document");
  const diff = editor.page.locator(".tab", { hasText: "Document words.cpp" });
  await diff.waitFor();
  await editor.picture("edit");
  await editor.pressButton("Document words.cpp", "Apply");
  await diff.waitFor({ state: "detached" });
  await editor.page.locator(".monaco-editor.focused .view-line", { hasText: "Adds two numbers" }).waitFor();
  assert.equal(await editor.text(), `// Adds two numbers.\n${kCode}`);
});

test("reasoning is cut short by one button and stopped by another", async () => {
  await run("think", "words.cpp");
  await editor.command("fathom: Explain");
  const view = editor.answers();
  await view.locator("#title", { hasText: "Explain words.cpp" }).waitFor();
  const tokens = async () => Number(/(\d+) tokens/.exec(await view.locator("#reasoning-summary").textContent())?.[1]);
  await waitFor("the counter", async () => (await tokens()) > 5);
  assert.equal((await view.locator("#answer").textContent()).trim(), "");
  await view.locator("#answer-now").click();
  await view.locator("#phase", { hasText: "Done" }).waitFor();
  assert.equal((await view.locator("#answer strong").textContent()).trim(), "adds");

  const use = (action) => view.locator(`[data-action=${action}]`).click();
  await use("copy");
  await waitFor("the clipboard", async () => (await editor.page.evaluate(() => navigator.clipboard.readText())) === "sum();\n");
  await use("insert");
  await editor.page.locator(".monaco-editor.focused .view-line", { hasText: "sum();" }).waitFor();
  await editor.keys.press("Control+z");
  await use("compare");
  await editor.page.locator(".tab.active", { hasText: "words.cpp: as it is, and as suggested" }).waitFor();
  await editor.command("View: Close Editor");
  await editor.command("fathom: Open Answers"); // which was closed where it had the focus

  await view.locator("#question").fill("And why?");
  await view.locator("#question").press("Enter");
  await view.locator("#title", { hasText: "Ask about words.cpp" }).waitFor();
  await waitFor("the counter", async () => (await tokens()) > 5);
  await view.locator("#stop").press("Enter");
  await view.locator("#phase", { hasText: "Stopped" }).waitFor();
  await view.locator("#history").selectOption({ index: 1 });
  await view.locator("#title", { hasText: "Explain words.cpp" }).waitFor();
});

test("answers are there when the window is opened again, and none is asked for anew", async () => {
  await editor.reload();
  await editor.command("fathom: Open Answers");
  const view = editor.answers();
  await view.locator("#title", { hasText: "Ask about words.cpp" }).waitFor();
  await view.locator("#phase", { hasText: "Stopped" }).waitFor();
  await view.locator("#history").selectOption({ index: 1 });
  await view.locator("#title", { hasText: "Explain words.cpp" }).waitFor();
  assert.equal((await view.locator("#answer strong").textContent()).trim(), "adds");
});

test("what is typed while the model loads gets its suggestion when it is there", async () => {
  await run("load", "words.cpp");
  await editor.goto(5, 1);
  await editor.keys.type("  s");
  assert.equal(await editor.ghost(), "::loaded");
  await editor.keys.press("Alt+]");
  await waitFor("the next one", async () => (await editor.ghostNow()) === "::loaded_too");
  await editor.keys.press("Alt+[");
  await waitFor("the one before", async () => (await editor.ghostNow()) === "::loaded");
});
