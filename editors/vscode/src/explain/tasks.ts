// The server's commands about code (docs/lsp-extensions.md), and how people ask for them.

import { DiagnosticSeverity, l10n, languages, window, type Range, type TextEditor } from "vscode";

export interface Task {
  command: string; // of the server
  title: string;
}

export interface Asked {
  question?: string;
  diagnostic?: string;
}

export const tasks = (): Record<string, Task> => ({
  "fathom.explainCode": { command: "fathom.explain", title: l10n.t("Explain") },
  "fathom.askAboutCode": { command: "fathom.ask", title: l10n.t("Ask about") },
  "fathom.findBugsInCode": { command: "fathom.findBugs", title: l10n.t("Find bugs in") },
  "fathom.documentCode": { command: "fathom.document", title: l10n.t("Document") },
  "fathom.writeTestsForCode": { command: "fathom.writeTests", title: l10n.t("Write tests for") },
  "fathom.fixCode": { command: "fathom.fix", title: l10n.t("Fix") },
});

/** What only the user can say; undefined if they would rather not. */
export async function askFor(task: Task, editor: TextEditor): Promise<Asked | undefined> {
  if (task.command === "fathom.ask") {
    const question = await window.showInputBox({ prompt: l10n.t("What do you want to know about this code?") });
    return question?.trim() ? { question } : undefined;
  }
  if (task.command !== "fathom.fix") return {};
  const known = problemIn(editor, editor.selection);
  const diagnostic = known ?? (await window.showInputBox({ prompt: l10n.t("What is wrong with this code?") }));
  return diagnostic?.trim() ? { diagnostic } : undefined;
}

/** The worst of the diagnostics that touch the range. */
function problemIn(editor: TextEditor, range: Range): string | undefined {
  return languages
    .getDiagnostics(editor.document.uri)
    .filter((diagnostic) => diagnostic.range.intersection(range) && diagnostic.severity <= DiagnosticSeverity.Warning)
    .sort((a, b) => a.severity - b.severity)[0]?.message;
}
