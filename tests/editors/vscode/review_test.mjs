// A review in a real repository: findings among the problems, what can be done about them, and its end. What is
// found is made up (fake_fathom.mjs): what the model says is not tested.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, beforeEach, test } from "node:test";
import { Editor, waitFor } from "./editor.mjs";
import { World } from "./world.mjs";

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

function git(...args) {
  const identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"];
  const run = spawnSync("git", [...identity, ...args], { cwd: world.workspace, env: world.environment, encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
}

before(async () => {
  world = new World({ settings: {}, userSettings: { "git.enabled": true, "git.openRepositoryInParentFolders": "never" } });
  world.write("../user/Machine/settings.json", JSON.stringify({
    "fathom.client.path": world.fake("review"),
    "fathom.client.arguments": ["review"],
  }));
  world.write("total.cpp", kBefore);
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-q", "-m", "Add a sum");
  git("branch", "older");
  world.write("total.cpp", kAfter);
  await world.start();
  editor = new Editor(await world.open());
  problems = editor.page.locator(".markers-panel .monaco-list-row");
  await editor.openFile("total.cpp");
});
after(() => world?.end());
beforeEach(() => editor.command("Notifications: Clear All Notifications"));

const problem = (text) => problems.filter({ hasText: text });

/** Puts the cursor on a line and chooses one of its quick fixes. */
async function fix(line, title) {
  await editor.goto(line, 5);
  await editor.keys.press("Control+.");
  const rows = editor.page.locator(".action-widget .monaco-list-row.action");
  await rows.filter({ hasText: title }).waitFor();
  for (const chosen = rows.and(editor.page.locator(".focused")).filter({ hasText: title }); !(await chosen.count()); )
    await editor.keys.press("ArrowDown");
  await editor.keys.press("Enter");
}

test("puts findings among the problems, and opens them", async () => {
  await editor.command("fathom: Review Changes");
  await editor.pressButton("2 findings in 1 changed file.", "Open Problems");
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
  await editor.notification("Not reviewed: big.bin (binary).").waitFor();
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
  await editor.page.locator('.activitybar [aria-label^="Source Control"]').first().click();
  await editor.page.locator('.sidebar [aria-label="Review Changes"]').first().click();
  await editor.notification("2 findings in 1 changed file.").waitFor();
});
