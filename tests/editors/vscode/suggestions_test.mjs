// Ghost text and answers with the real program and the built-in model. What the model says is not tested.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Editor, waitFor } from "./editor.mjs";
import { World, fathom, kCode, sleep, withModel } from "./world.mjs";

const kTyped = "std";
const kNano = path.resolve(import.meta.dirname, "../../../models/nano/fathom-nano.gguf");
let world, editor;

before(async () => {
  world = new World({ settings: withModel() });
  world.write("words.cpp", kCode);
  world.git("init", "-q", "-b", "main");
  world.git("add", ".");
  world.git("commit", "-q", "-m", "Split words");
  await world.start();
  editor = new Editor(await world.open());
  await editor.openFile("words.cpp");
});
after(() => world?.end());

/** A new line in a function with the begin of a statement. */
async function typeSomething() {
  await editor.goto(5, 1);
  await editor.keys.press("Control+Shift+k");
  await editor.goto(4, 1);
  await editor.keys.press("End");
  await editor.keys.press("Enter");
  await editor.keys.type(`  ${kTyped}`);
}

/** Types again if nothing comes: on a loaded machine keys and answers may miss each other. */
async function suggestion() {
  for (let tries = 0; tries < 4; ++tries) {
    await typeSomething();
    if (await editor.ghostComes(20_000)) break;
  }
  return editor.ghost();
}

const accepted = () => world.status().acceptance.cpp;

test("says that it is ready, and where", async () => {
  await waitFor("the model", async () => (await editor.statusLabel()) === "fathom: ready");
});

test("shows ghost text and accepts it by words, lines and as a whole", async () => {
  const whole = await suggestion();
  await editor.picture("suggestion");
  const line = `  ${kTyped}${whole}`;
  await editor.keys.press("Control+ArrowRight");
  await waitFor("a word", async () => (await editor.ghostNow()).length < whole.length);
  assert.equal(await editor.currentLine(), line, "what was suggested changed");
  await waitFor("its count", () => accepted().partially_accepted > 0);

  // What follows is suggested at once, so the absence of ghost text would tell nothing.
  await editor.keys.press("Control+Alt+ArrowRight");
  await waitFor("the line", async () => (await editor.written()).includes(line));

  const next = await suggestion();
  await editor.keys.press("Tab");
  await waitFor("all of it", async () => (await editor.written()).includes(`  ${kTyped}${next}`));
  await waitFor("its count", () => accepted().accepted > 0);
});

test("keeps ghost text in every frame while the predicted text is typed", async () => {
  const whole = await suggestion();
  const line = await editor.currentLine();
  await editor.watchLine();
  for (const character of whole.slice(0, -1)) {
    await editor.keys.type(character);
    await sleep(30);
  }
  const frames = await editor.watchedLines();
  assert.ok(frames.length > whole.length, `${frames.length} frames for ${whole.length} keys`);
  assert.deepEqual([...new Set(frames)], [line]);
});

test("is silent while it is snoozed, and suggests when asked", async () => {
  await editor.commandWithList("fathom: Snooze Suggestions", "5 minutes");
  await editor.keys.press("Enter");
  await waitFor("the state", async () => (await editor.statusLabel()) === "fathom: snoozed");
  const asked = world.status().completions.requests;
  await editor.goto(4, 1);
  await editor.keys.type(" ");
  await sleep(500);
  assert.equal(world.status().completions.requests, asked);
  await editor.command("fathom: Snooze Suggestions");
  await waitFor("the state", async () => (await editor.statusLabel()) === "fathom: ready");
});

test("is turned off and on in a language", async () => {
  const toggle = () => editor.command("fathom: Turn Suggestions in This Language On or Off");
  await toggle();
  await waitFor("the state", async () => (await editor.statusLabel()) === "fathom: off in cpp");
  await toggle();
  await waitFor("the state", async () => (await editor.statusLabel()) === "fathom: ready");
});

test("collects what a bug report needs", async () => {
  await editor.command("fathom: Copy Diagnostics");
  await editor.notification("The diagnostics are on the clipboard").waitFor();
  const copied = await editor.page.evaluate(() => navigator.clipboard.readText());
  const { state, program, server } = JSON.parse(copied.replace(/^```json|```\n$/g, ""));
  assert.deepEqual([state, program.path, server.pid], ["running", fathom, world.status().pid]);
});

test("says what a suggestion was made of", async () => {
  await suggestion();
  await editor.commandWithList("fathom: Why This Suggestion?", "prefix words.cpp:");
  await editor.picture("why");
  await editor.keys.press("Escape");
  await editor.keys.press("Escape");
});

test("explains: the reasoning, folded, and the answer", async () => {
  await editor.goto(4, 1);
  await editor.keys.press("Control+l");
  await editor.keys.press("Control+Alt+e");
  const view = editor.answers();
  await view.locator("#title", { hasText: "Explain words.cpp:4-5" }).waitFor();
  await view.locator("#phase", { hasText: "Done" }).waitFor();
  assert.equal(await view.locator("#reasoning").getAttribute("open"), null);
  assert.match(await view.locator("#reasoning-summary").textContent(), /^Reasoning .* [1-9]\d* tokens$/);
  assert.equal(await view.locator("#stop").isVisible(), false);
  await view.locator("#reasoning-summary").click();
  assert.notEqual(await view.locator("#reasoning-text").textContent(), "");
  assert.notEqual((await view.locator("#answer").textContent()).trim(), "");
  await editor.picture("answer");
});

test("reviews what has changed", async () => {
  // What the built-in model finds is worth nothing; a secret is found by a rule.
  world.write("keys.py", `key = "ghp_${"1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R"}"\n`);
  world.git("add", "keys.py"); // a file that Git does not know is no change
  await editor.command("fathom: Review Changes");
  await editor.pressButton("Review: ", "Open Problems");
  const problem = editor.page.locator(".markers-panel .monaco-list-row", { hasText: "looks like a credential" });
  await problem.waitFor();
  await editor.command("fathom: Clear Review");
  await problem.waitFor({ state: "detached" });
});

test("changes the model of the daemon, and keeps the one before if it cannot", async () => {
  const folder = path.join(world.folder, "home/fathom/models");
  mkdirSync(folder, { recursive: true });
  copyFileSync(kNano, path.join(folder, "spare.gguf"));
  writeFileSync(path.join(folder, "broken.gguf"), "GGUF, or rather not");
  const { pid } = world.status();
  const choose = async (model) => (await editor.commandWithList("fathom: Choose Model...", model)).click();
  const current = () => world.status()?.models[0].model;

  await choose("spare");
  await waitFor("the model", () => current() === "spare");
  await choose("broken");
  await editor.notification("The model stays as it was").waitFor();
  assert.deepEqual([world.status().pid, current()], [pid, "spare"]);
});

test("goes on when the daemon is killed", async () => {
  const { pid } = world.status();
  process.kill(pid, "SIGKILL");
  await waitFor("another daemon", () => ![undefined, pid].includes(world.status()?.pid));
  await editor.command("View: Focus First Editor Group");
  // What is asked for meanwhile is answered with nothing.
  await waitFor("a suggestion", async () => {
    await typeSomething();
    await sleep(1000);
    return editor.ghostNow();
  });
});

test("two windows share one daemon", async () => {
  const other = new Editor(await world.open());
  await other.openFile("words.cpp");
  await other.goto(5, 3);
  await other.command("fathom: Suggest Now");
  await waitFor("both", () => world.status()?.clients.filter(({ documents }) => documents > 0).length === 2);
  await other.page.close();
  await waitFor("one", () => world.status()?.clients.filter(({ documents }) => documents > 0).length === 1);
});

test("activates in no time", async () => {
  await editor.command("Developer: Show Running Extensions");
  const row = editor.page.locator(".runtime-extensions-editor .extension", { hasText: "fathom" });
  const text = await row.first().textContent();
  console.log(`activation: ${/Activation: (\d+ms)/.exec(text)?.[1]}`);
  assert.match(text, /Activation: \d+ms/);
});
