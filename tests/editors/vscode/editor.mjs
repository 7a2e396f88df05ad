// One window of the editor, as its user sees it.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { kWaitMs, sleep } from "./world.mjs";

const pictures = process.env.FATHOM_PICTURES;

export class Editor {
  constructor(page) {
    this.page = page;
    this.keys = page.keyboard;
  }

  async openFile(name) {
    await this.page.locator(".explorer-folders-view .monaco-list-row", { hasText: name }).waitFor();
    await this.#choose("Control+p", name, name);
    await this.page.locator(".tab.active", { hasText: name }).first().waitFor();
    await this.page.locator(".editor-instance .view-line").first().waitFor();
  }

  /** A command by its title in the palette. */
  async command(title) {
    await this.#choose("F1", `>${title}`, title);
  }

  /** Opens the quick input by a key and chooses a row, or what is typed. An editor that is just opening closes it again. */
  async #choose(key, text, row) {
    const soon = { timeout: 3000 };
    await waitFor(`the quick input for ${text}`, async () => {
      try {
        await this.keys.press(key);
        await this.page.locator(".quick-input-widget input").first().fill(text, soon);
        if (!row) await this.keys.press("Enter");
        else await this.page.locator(".quick-input-list .monaco-list-row", { hasText: row }).first().click(soon);
        return true;
      } catch {
        return false;
      }
    });
  }

  /** Writes the settings of the host that the engine runs on, as a user would. */
  async changeSettings(settings) {
    await this.command("Preferences: Open Remote Settings (JSON)");
    await this.page.locator(".tab.active", { hasText: "settings.json" }).waitFor();
    await this.page.locator(".editor-instance .view-line").first().waitFor();
    await this.keys.press("Control+a");
    await this.keys.insertText(JSON.stringify(settings));
    await this.keys.press("Control+s");
    await this.page.locator(".tab.active.dirty").waitFor({ state: "detached" });
    await this.command("View: Close Editor");
  }

  async goto(line, column) {
    await this.#choose("Control+g", `:${line}:${column}`);
    await this.page.locator(".statusbar", { hasText: `Ln ${line}, Col ${column}` }).waitFor();
  }

  /** Waits until there is ghost text, and gives it. */
  async ghost() {
    await this.page.locator(".ghost-text-decoration").first().waitFor();
    return this.ghostNow();
  }

  ghostNow() {
    return this.page.evaluate(() => {
      const lines = document.querySelectorAll(".ghost-text-decoration");
      return [...lines].map((line) => line.textContent).join("").replaceAll("\u00a0", " ");
    });
  }

  /** The line of the cursor with the ghost text in it. */
  currentLine() {
    return this.page.evaluate(() => {
      const top = document.querySelector(".editor-instance .current-line")?.parentElement?.style.top;
      const lines = [...document.querySelectorAll(".editor-instance .view-line")];
      const line = lines.find((candidate) => candidate.style.top === top);
      return (line?.textContent ?? "").replaceAll("\u00a0", " ");
    });
  }

  /** The document's text, by the clipboard. */
  async text() {
    await this.keys.press("Control+a");
    await this.keys.press("Control+c");
    await sleep(100);
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  notification(text) {
    return this.page.locator(".notifications-toasts .notification-list-item", { hasText: text }).first();
  }

  async pressButton(text, button) {
    await this.notification(text).waitFor();
    await this.notification(text).locator(".monaco-button", { hasText: button }).click();
  }

  /** What a screen reader says of our item in the status bar. */
  statusLabel() {
    return this.page.locator('.statusbar-item[id="fathom.fathom.fathom.status"]').getAttribute("aria-label");
  }

  /** What the web view shows. */
  answers() {
    return this.page.frameLocator("iframe.webview.ready").last().frameLocator("#active-frame");
  }

  /** From now on, what the cursor's line shows in every frame that is painted. */
  async watchLine() {
    await this.page.evaluate(() => {
      const top = document.querySelector(".editor-instance .current-line").parentElement.style.top;
      const frames = (window.watchedLines = []);
      const look = () => {
        const lines = [...document.querySelectorAll(".editor-instance .view-line")];
        const line = lines.find((candidate) => candidate.style.top === top);
        frames.push(line.textContent.replaceAll("\u00a0", " "));
        if (window.watchedLines) requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
  }

  watchedLines() {
    return this.page.evaluate(() => {
      const frames = window.watchedLines;
      window.watchedLines = undefined;
      return frames;
    });
  }

  async picture(name) {
    if (!pictures) return;
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: path.join(pictures, `${name}.png`) });
  }
}

/** Waits until `holds` gives something true, and gives that. */
export async function waitFor(what, holds) {
  for (const deadline = Date.now() + kWaitMs; ; await sleep(100)) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
  }
}
