import { commands, window } from "vscode";
import type { LanguageClient, Position, TextDocumentIdentifier } from "vscode-languageclient/node";

interface Extended {
  textDocument: TextDocumentIdentifier;
  position: Position;
}

/** Asks again for a suggestion that is longer now, if the cursor is still where it was asked for. */
export function followGrowingSuggestions(client: LanguageClient): void {
  client.onNotification("fathom/didExtendCompletion", ({ textDocument, position }: Extended) => {
    const editor = window.activeTextEditor;
    const isHere =
      editor?.document.uri.toString() === client.protocol2CodeConverter.asUri(textDocument.uri).toString() &&
      editor.selection.active.isEqual(client.protocol2CodeConverter.asPosition(position));
    if (isHere) void commands.executeCommand("editor.action.inlineSuggest.trigger");
  });
}
