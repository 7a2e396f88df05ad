import { commands, env, l10n, Range, Uri, window, workspace, type TextEditor } from "vscode";
import * as path from "node:path";
import type { Answer } from "./answers";
import type { Texts } from "./texts";

/** What the buttons above a block of code do with it. */
export async function useCode(
  action: "copy" | "insert" | "compare",
  code: string,
  answer: Answer,
  texts: Texts,
): Promise<void> {
  if (action === "copy") return env.clipboard.writeText(code);
  if (action === "compare") return compare(code, answer, texts);
  const editor = await editorOf(answer);
  await editor.edit((edit) => edit.replace(editor.selection, code));
}

/** With the lines that were asked about. */
async function compare(code: string, answer: Answer, texts: Texts): Promise<void> {
  const uri = Uri.parse(answer.uri);
  const document = await workspace.openTextDocument(uri);
  const lines = new Range(answer.firstLine, 0, answer.lastLine + 1, 0);
  const before = document.getText(answer.lastLine < 0 ? undefined : lines);
  const name = path.posix.basename(uri.path);
  const title = l10n.t("{0}: as it is, and as suggested", name);
  await commands.executeCommand("vscode.diff", texts.add(name, before), texts.add(name, code), title);
}

/** Where the answer's document is shown, or shown now. */
async function editorOf(answer: Answer): Promise<TextEditor> {
  const uri = Uri.parse(answer.uri);
  const visible = window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri.toString());
  return window.showTextDocument(visible?.document ?? (await workspace.openTextDocument(uri)), {
    ...(visible?.viewColumn ? { viewColumn: visible.viewColumn } : {}),
  });
}
