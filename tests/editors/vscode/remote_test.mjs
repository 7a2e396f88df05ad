// A server that the user's fathom.toml names: asked about once, and shown.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { Editor, waitFor } from "./editor.mjs";
import { World, fathom, kCode } from "./world.mjs";

let world, editor, server, origin;

/** `fathom serve --http`, as another machine would run it; gives its address. */
async function serve(folder) {
  mkdirSync(folder, { mode: 0o700 });
  const environment = { ...process.env, XDG_CONFIG_HOME: folder, XDG_STATE_HOME: folder, XDG_RUNTIME_DIR: folder };
  server = spawn(fathom, ["serve", "--http", "0", "--socket", path.join(folder, "socket")], {
    env: environment,
    stdio: ["ignore", "pipe", "ignore"],
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const port = /http:\/\/localhost:(\d+)/.exec(line)?.[1];
    if (port) return `http://127.0.0.1:${port}`;
  }
  throw new Error("fathom serve has ended");
}

before(async () => {
  world = new World({ settings: { "fathom.client.path": fathom } });
  origin = await serve(path.join(world.folder, "server"));
  mkdirSync(path.join(world.folder, "home/fathom"), { recursive: true });
  writeFileSync(path.join(world.folder, "home/fathom/fathom.toml"), `[remote]\ncompletion_url = "${origin}"\n`);
  world.write("words.cpp", kCode);
  await world.start();
  editor = new Editor(await world.open());
  await editor.openFile("words.cpp");
});
after(async () => {
  server?.kill("SIGKILL");
  await world?.end();
});

const label = (text) => waitFor(text, async () => (await editor.statusLabel()) === `fathom: ${text}`);

test("asks before text goes to a server, and shows where it goes", async () => {
  await label(`may text go to ${origin}? Waiting for an answer`);
  await editor.notification(`your configuration names the server ${origin}`).waitFor();
  await editor.picture("consent");
  await editor.pressButton(`your configuration names the server ${origin}`, "Send");
  await label(`ready, text goes to ${origin}`);
  await editor.goto(4, 1);
  await editor.keys.press("End");
  await editor.keys.press("Enter");
  await editor.keys.type("  std");
  await editor.ghost();
  assert.equal(world.status().models[0].state, "unloaded", "this machine's model was asked");
});

test("says where text goes and why, and asks again", async () => {
  await editor.command("fathom: Where Does My Text Go?");
  await editor.pressButton(`completion: ${origin}; you have allowed it`, "Ask Me Again");
  await editor.pressButton("your configuration names the server", "Never for This Folder");
  await label("ready");
});

test("offers the server among the models", async () => {
  const row = await editor.commandWithList("fathom: Choose Model", `Server ${origin}`);
  assert.match(await row.textContent(), /in use/);
  await editor.keys.press("Escape");
});
