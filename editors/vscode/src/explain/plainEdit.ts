import type { CreateFile, TextDocumentEdit, TextEdit, WorkspaceEdit } from "vscode-languageclient/node";

type Change = NonNullable<WorkspaceEdit["documentChanges"]>[number];

const isCreation = (change: Change): change is CreateFile => "kind" in change && change.kind === "create";
const isTextEdit = (change: Change): change is TextDocumentEdit => "textDocument" in change;

/** The change of one file. */
export interface FileChange {
  uri: string;
  version: number | null;
  creates: boolean;
  edits: TextEdit[];
}

/** What an edit does to each file. Edits of our server have no other parts (lsp/workspace_edit.h). */
export function changesOf(edit: WorkspaceEdit): FileChange[] {
  const created = new Set((edit.documentChanges ?? []).filter(isCreation).map(({ uri }) => uri));
  return (edit.documentChanges ?? []).filter(isTextEdit).map(({ textDocument, edits }) => ({
    uri: textDocument.uri,
    version: textDocument.version,
    creates: created.has(textDocument.uri),
    edits: edits.filter((part): part is TextEdit => "newText" in part),
  }));
}

/** The same edit without asking for a confirmation: it was given. */
export function confirmed(edit: WorkspaceEdit): WorkspaceEdit {
  const documentChanges = (edit.documentChanges ?? []).map((change) => {
    if (!isTextEdit(change)) {
      const { annotationId: _, ...rest } = change;
      return rest;
    }
    const edits = change.edits.map((part) => {
      const { annotationId: _, ...rest } = part as typeof part & { annotationId?: string };
      return rest;
    });
    return { ...change, edits };
  });
  return { documentChanges: documentChanges as Change[] };
}
