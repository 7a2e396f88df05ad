import { Range, window, type InlineCompletionItem, type Position, type TextDocument } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { acceptedLength } from "./acceptedLength";

interface Shown {
  document: TextDocument;
  items: InlineCompletionItem[];
  index: number;
}

/**
 * Tells the server what becomes of its suggestions. That one was accepted as a whole it learns from the
 * item's own command; VS Code says neither that one is shown nor that a part was accepted.
 */
export class Feedback {
  private shown: Shown | undefined;

  constructor(private readonly client: () => LanguageClient | undefined) {}

  /** The server's answer for this place. What the cursor has not left meanwhile is taken as shown. */
  returned(document: TextDocument, position: Position, items: InlineCompletionItem[]): void {
    const editor = window.activeTextEditor;
    if (editor?.document !== document || !editor.selection.active.isEqual(position) || items.length === 0) {
      this.shown = undefined;
      return;
    }
    this.shown = { document, items, index: 0 };
    this.tellShown();
  }

  /** Next (1) or previous (-1) of several. */
  cycled(step: 1 | -1): void {
    if (!this.shown || this.shown.items.length < 2) return;
    const count = this.shown.items.length;
    this.shown.index = (this.shown.index + step + count) % count;
    this.tellShown();
  }

  /** Runs what accepts a part, and reports how much that was. */
  async partly(accept: () => Thenable<unknown>): Promise<void> {
    const before = this.shown; // accepting asks for the next one
    await accept();
    const editor = window.activeTextEditor;
    const item = before?.items[before.index];
    if (!item?.range || editor?.document !== before?.document || !editor) return;
    const inserted = editor.document.getText(new Range(item.range.start, editor.selection.active));
    const length = acceptedLength(String(item.insertText), inserted);
    if (length > 0)
      this.tell("textDocument/didPartiallyAcceptCompletion", item, { acceptedLength: length });
  }

  private tellShown(): void {
    const item = this.shown?.items[this.shown.index];
    if (item) this.tell("textDocument/didShowCompletion", item, {});
  }

  private tell(method: string, item: InlineCompletionItem, more: object): void {
    const client = this.client();
    if (!client || !item.range) return;
    const range = client.code2ProtocolConverter.asRange(item.range);
    const sent = { insertText: String(item.insertText), range, command: item.command };
    void client.sendNotification(method, { item: sent, ...more });
  }
}
