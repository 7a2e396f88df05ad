import { commands, window, type Position, type Uri } from "vscode";

/** Has VS Code ask for a suggestion once more, if the cursor is still there. */
export function askAgain(document: Uri, position: Position): void {
  const editor = window.activeTextEditor;
  if (editor?.document.uri.toString() === document.toString() && editor.selection.active.isEqual(position))
    void commands.executeCommand("editor.action.inlineSuggest.trigger");
}
