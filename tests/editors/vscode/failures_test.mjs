// What goes wrong is told once, with a button that does the next step, and the editor goes on.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { Editor, waitFor } from "./editor.mjs";
import { World, fathom, kCode, withModel } from "./world.mjs";

let world, editor;

before(async () => {
  const nowhere = path.join(path.dirname(process.execPath)); // node, and no fathom
  world = new World({ settings: {}, environment: { PATH: `${nowhere}:/usr/bin:/bin` } });
  world.write("words.cpp", kCode);
  await world.start();
  editor = new Editor(await world.open());
  await editor.openFile("words.cpp");
});
after(() => world?.end());

/** Waits for the message, presses its button, and clears what is left. */
async function check({ settings, message, button, opens }) {
  if (settings) world.changeSettings(settings);
  await editor.pressButton(message, button);
  await editor.page.locator(".tab.active, .part.panel", { hasText: opens }).first().waitFor();
  await editor.clearNotifications();
  assert.equal(await editor.notification(message).count(), 0);
  await editor.openFile("words.cpp");
}

const kSettings = { button: "Open Settings", opens: "Settings" };

test("no program: shows how to get one", () =>
  check({ message: "is not installed here", button: "How to Get It", opens: "Walkthrough: fathom" }));

test("a setting that names no program: opens it", () =>
  check({ settings: { "fathom.client.path": "/no/such/fathom" }, message: "/no/such/fathom", ...kSettings }));

test("a program that is something else: opens the setting", () =>
  check({ settings: { "fathom.client.path": "/usr/bin/env" }, message: "does not run as fathom", ...kSettings }));

test("an old version: says which one is needed", () =>
  check({ settings: { "fathom.client.path": world.fake("old") }, message: "is fathom 0.0.7", ...kSettings }));

test("a crash at the start: says its last words and shows the log", () =>
  check({
    settings: { "fathom.client.path": world.fake("broken"), "fathom.client.arguments": ["crash"] },
    message: "upside down",
    button: "Show Log",
    opens: "Output",
  }));

test("a server that does not answer: waits, and says so", () =>
  check({
    settings: { "fathom.client.path": world.fake("slow"), "fathom.client.arguments": ["slow"] },
    message: "has not answered for 10 seconds",
    button: "Show Log",
    opens: "Output",
  }));

test("settings of a wrong type: opens them", () =>
  check({ settings: { "fathom.client.path": fathom, "fathom.client.model": 7 }, message: "fathom.client.model", ...kSettings }));

test("a model that is not there: offers others", async () => {
  world.changeSettings({ "fathom.client.path": fathom, "fathom.client.model": "/no/such/model.gguf", "fathom.client.arguments": ["--standalone"] });
  await editor.pressButton("/no/such/model.gguf", "Choose Model");
  await editor.page.locator(".quick-input-widget", { hasText: "Built-in model" }).waitFor();
  await editor.keys.press("Escape");
  await editor.clearNotifications();
});

test("a model that is corrupt: offers others", async () => {
  const file = path.join(world.folder, "corrupt.gguf");
  writeFileSync(file, "GGUF, or rather not");
  world.changeSettings({ "fathom.client.path": fathom, "fathom.client.model": file, "fathom.client.arguments": ["--standalone"] });
  await editor.pressButton("corrupt.gguf", "Choose Model");
  await editor.page.locator(".quick-input-widget", { hasText: "Built-in model" }).waitFor();
  await editor.keys.press("Escape");
  await editor.clearNotifications();
});

test("works in an untrusted folder, whose settings name no program", async () => {
  const untrusted = new World({ settings: withModel(), trust: false });
  try {
    untrusted.write("words.cpp", kCode);
    untrusted.write(".vscode/settings.json", JSON.stringify({ "fathom.client.path": "/no/such/fathom" }));
    await untrusted.start();
    const page = await untrusted.open();
    await page.locator(".monaco-dialog-box .monaco-button", { hasText: "No, I don't trust" }).click();
    const window = new Editor(page);
    await window.openFile("words.cpp");
    await page.locator(".statusbar", { hasText: "Restricted Mode" }).waitFor();
    await waitFor("the model", async () => (await window.statusLabel()) === "fathom: ready");
    await waitFor("a suggestion", async () => {
      await window.goto(5, 1); // once more where the banner took the focus, and the keys with it
      await window.keys.press("Shift+End");
      await window.keys.type("  std");
      const ghost = window.page.locator(".ghost-text-decoration").first();
      return ghost.waitFor({ timeout: 10_000 }).then(() => true, () => false);
    });
  } finally {
    await untrusted.end();
  }
});

test("another extension that suggests: says so once", async () => {
  const crowded = new World({ settings: withModel() });
  try {
    crowded.installOther("GitHub", "copilot", "Another Assistant");
    crowded.write("words.cpp", kCode);
    await crowded.start();
    const window = new Editor(await crowded.open());
    const message = "Another Assistant suggests code as well";
    await window.pressButton(message, "Show Extensions");
    await window.page.locator(".extensions-viewlet", { hasText: "Another Assistant" }).waitFor();
    await window.reload();
    await window.openView("Explorer");
    await window.openFile("words.cpp");
    await waitFor("the model", async () => (await window.statusLabel()) === "fathom: ready");
    assert.equal(await window.notification(message).count(), 0);
  } finally {
    await crowded.end();
  }
});
