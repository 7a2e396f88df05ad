// A real VS Code in a headless browser, with the packed extension and the real program, all in a folder of
// its own. What a test sees is what is painted; what it does is keys and clicks.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../../..");
const cache = path.join(process.env.FATHOM_CACHE ?? path.join(root, ".cache"), "code-server");
const entry = path.join(cache, "node_modules/code-server/out/node/entry.js");
const { chromium } = createRequire(path.join(cache, "package.json"))("playwright-core");

export const fathom = process.env.FATHOM; // the program
const kModel = process.env.FATHOM_MODEL; // instead of the built-in one, in builds without it
const kPackage = process.env.FATHOM_VSIX;

export const withModel = () => ({ "fathom.client.path": fathom, ...(kModel ? { "fathom.client.model": kModel } : {}) });

/** A file to type in. */
export const kCode = `#include <string>
#include <vector>

std::vector<std::string> split_words(const std::string& text) {

}
`;

// Everything here takes milliseconds; the limit is for machines that build at the same time.
export const kWaitMs = Number(process.env.FATHOM_WAIT_MS ?? 120_000);
const kQuiet = {
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.editor.enablePreview": false,
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "chat.commandCenter.enabled": false,
  "git.enabled": false,
  "files.hotExit": "off",
  "editor.minimap.enabled": false,
  "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" },
  "editor.suggestOnTriggerCharacters": false,
  "editor.parameterHints.enabled": false,
  "editor.autoClosingBrackets": "never",
  "editor.autoIndent": "none",
  "editor.wordBasedSuggestions": "off",
  "editor.accessibilitySupport": "off",
  "editor.cursorBlinking": "solid",
};

/** A machine with one user: settings, a workspace, a daemon of its own. */
export class World {
  folder = mkdtempSync(path.join(os.tmpdir(), "fathom-vscode-"));
  workspace = path.join(this.folder, "work with space \u00e4");
  #server;
  #browser;

  constructor({ settings, userSettings = {}, trust = true, environment = {} }) {
    this.trust = trust;
    for (const name of ["home", "run", "user/User", "user/Machine", "extensions"])
      mkdirSync(path.join(this.folder, name), { recursive: true, mode: 0o700 });
    mkdirSync(this.workspace);
    this.environment = {
      ...process.env,
      HOME: path.join(this.folder, "home"),
      XDG_RUNTIME_DIR: path.join(this.folder, "run"),
      XDG_CONFIG_HOME: path.join(this.folder, "home"),
      XDG_STATE_HOME: path.join(this.folder, "home"),
      XDG_DATA_HOME: path.join(this.folder, "home"),
      ...environment,
    };
    // Paths of programs belong to a machine, not to a user with many.
    writeFileSync(path.join(this.folder, "user/User/settings.json"), JSON.stringify({ ...kQuiet, ...userSettings }));
    this.changeSettings(settings);
    const run = this.#codeServer(spawnSync, ["--install-extension", kPackage]);
    if (run.status !== 0) throw new Error(`the extension is not installed: ${run.stdout}${run.stderr}`);
  }

  /** Writes the settings of the host that the engine runs on. */
  changeSettings(settings) {
    writeFileSync(path.join(this.folder, "user/Machine/settings.json"), JSON.stringify(settings));
  }

  /** Installs an extension of that name that does nothing. */
  installOther(publisher, name, displayName) {
    const extensions = path.join(this.folder, "extensions");
    const folder = `${publisher}.${name}-1.0.0`.toLowerCase();
    mkdirSync(path.join(extensions, folder));
    const manifest = { publisher, name, displayName, version: "1.0.0", engines: { vscode: "^1.91.0" } };
    writeFileSync(path.join(extensions, folder, "package.json"), JSON.stringify(manifest));
    const list = path.join(extensions, "extensions.json");
    const entry = {
      identifier: { id: `${publisher}.${name}`.toLowerCase() },
      version: "1.0.0",
      location: { $mid: 1, path: path.join(extensions, folder), scheme: "file" },
      relativeLocation: folder,
    };
    writeFileSync(list, JSON.stringify([...JSON.parse(readFileSync(list, "utf8")), entry]));
  }

  write(name, text) {
    const file = path.join(this.workspace, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  git(...args) {
    const identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"];
    const run = spawnSync("git", [...identity, ...args], { cwd: this.workspace, env: this.environment, encoding: "utf8" });
    if (run.status !== 0) throw new Error(run.stderr);
  }

  /** A program that does something else than fathom (fake_fathom.mjs), under a name of its own. */
  fake(name) {
    const file = path.join(this.folder, name);
    copyFileSync(path.join(import.meta.dirname, "fake_fathom.mjs"), file);
    chmodSync(file, 0o755);
    return file;
  }

  async start() {
    const port = await freePort();
    const trust = this.trust ? ["--disable-workspace-trust"] : [];
    const address = ["--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check"];
    process.once("exit", () => this.#kill());
    process.once("SIGTERM", () => process.exit(1)); // a test that takes too long
    this.url = `http://127.0.0.1:${port}/`;
    for (const deadline = Date.now() + kWaitMs; ; await sleep(100)) {
      // It gives up by itself when it was not up after 20 seconds, as on a machine that builds.
      if (this.#hasEnded()) this.#server = this.#codeServer(spawn, [...address, ...trust]);
      if (await fetch(`${this.url}healthz`).then((reply) => reply.ok, () => false)) break;
      if (Date.now() > deadline) throw new Error("code-server does not answer");
    }
    this.#browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  }

  /** One window of the editor on the workspace. */
  async open({ width = 1100, height = 700 } = {}) {
    const context = await this.#browser.newContext({
      viewport: { width, height },
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    page.setDefaultTimeout(kWaitMs);
    await page.goto(`${this.url}?folder=${encodeURIComponent(this.workspace)}`);
    await page.locator(".monaco-workbench .statusbar").waitFor();
    return page;
  }

  async end() {
    await this.#browser?.close();
    if (!this.#hasEnded()) {
      this.#kill();
      await once(this.#server, "exit");
    }
    const pid = this.status()?.pid;
    if (pid) process.kill(pid, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }

  /** What the daemon of this world says, or undefined if there is none. */
  status() {
    const run = spawnSync(fathom, ["status", "--json"], { env: this.environment, encoding: "utf8" });
    return run.status === 0 ? JSON.parse(run.stdout) : undefined;
  }

  /** With its children, which would start the daemon again. */
  #kill() {
    if (!this.#hasEnded()) process.kill(-this.#server.pid, "SIGKILL");
  }

  #hasEnded() {
    return !this.#server || this.#server.exitCode !== null || this.#server.signalCode !== null;
  }

  #codeServer(start, args) {
    const folders = ["user-data-dir", "extensions-dir"].flatMap((name) => [
      `--${name}`,
      path.join(this.folder, name === "user-data-dir" ? "user" : "extensions"),
    ]);
    const options = { env: this.environment, encoding: "utf8", stdio: start === spawn ? "ignore" : "pipe" };
    if (start === spawn) options.detached = true; // a group of its own
    return start(process.execPath, [entry, ...folders, ...args], options);
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
