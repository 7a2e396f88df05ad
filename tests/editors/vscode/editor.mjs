// One window of the editor, as its user sees it.

import { mkdirSync } from "node:fs";
import path from "node:path";
import { kWaitMs, sleep } from "./world.mjs";

const pictures = process.env.FATHOM_PICTURES;
const kStatus = '.statusbar-item[id="fathom.fathom.fathom.status"]';

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

  async openView(name) {
    await this.page.locator(`.activitybar [aria-label^="${name}"]`).first().click();
  }

  async reload() {
    await this.page.reload();
    await this.page.locator(kStatus).waitFor(); // before that the palette lacks our commands
  }

  /** A command by its title in the palette. */
  async command(title) {
    await this.#choose("F1", `>${title}`, title);
  }

  /**
   * A command that opens a list; gives the row. On a busy machine the palette gives the focus back to the document
   * only after that, which closes the list.
   */
  async commandWithList(title, text) {
    const row = this.page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first();
    await waitFor(`the list of ${title}`, async () => {
      await this.command(title);
      return row.waitFor({ timeout: 10_000 }).then(() => true, () => false);
    });
    return row;
  }

  /**
   * Opens the quick input by a key and chooses a row, or what is typed. The key is pressed again only if the input is
   * not there, because a second Control+p chooses the file before; an editor that is just opening closes it again.
   */
  async #choose(key, text, row) {
    const input = this.page.locator(".quick-input-widget input").first();
    const rows = this.page.locator(".quick-input-list .monaco-list-row", { hasText: row });
    const soon = { timeout: 5000 };
    await waitFor(`the quick input for ${text}`, async () => {
      try {
        if (!(await input.isVisible())) {
          await this.keys.press(key);
          await input.waitFor(soon);
        }
        if ((await input.inputValue(soon)) !== text) await input.fill(text, soon);
        if (!row) await this.keys.press("Enter");
        else if (await rows.first().isVisible()) await rows.first().click(soon);
        else return false;
        return true;
      } catch {
        return false;
      }
    }).catch(async (error) => {
      await this.picture("failed");
      throw error;
    });
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

  /** Whether there is ghost text within a time. */
  ghostComes(milliseconds) {
    const ghost = this.page.locator(".ghost-text-decoration").first();
    return ghost.waitFor({ timeout: milliseconds }).then(() => true, () => false);
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

  /** The lines that are painted, without the ghost text in them. */
  written() {
    return this.page.evaluate(() => {
      const lines = [...document.querySelectorAll(".editor-instance .view-lines .view-line")];
      return lines.map((line) => {
        const copy = line.cloneNode(true);
        for (const ghost of copy.querySelectorAll(".ghost-text-decoration")) ghost.remove();
        return copy.textContent.replaceAll("\u00a0", " ");
      });
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

  async clearNotifications() {
    await this.command("Notifications: Clear All Notifications");
    await sleep(800); // a fourth one within this time would be hidden, as spam
  }

  async pressButton(text, button) {
    await this.notification(text).waitFor();
    await this.notification(text).locator(".monaco-button", { hasText: button }).click();
  }

  /** What a screen reader says of our item in the status bar. */
  statusLabel() {
    return this.page.locator(kStatus).getAttribute("aria-label");
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
