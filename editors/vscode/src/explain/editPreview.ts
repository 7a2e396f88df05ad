import { commands, l10n, Uri, window, workspace, type Disposable } from "vscode";
import type { LanguageClient, WorkspaceEdit } from "vscode-languageclient/node";
import * as path from "node:path";
import { changesOf, confirmed, type FileChange } from "./plainEdit";
import type { Texts } from "./texts";
import { applyTextEdits } from "./textEdits";

interface Pending {
  edit: WorkspaceEdit;
  changes: FileChange[];
  client: LanguageClient;
  views: Uri[];
}

/** Shows an edit as a diff; nothing is changed before its user applies it. The newest one counts. */
export class EditPreview implements Disposable {
  private pending: Pending | undefined;
  private readonly registrations = [
    commands.registerCommand("fathom.applyEdit", () => this.apply()),
    commands.registerCommand("fathom.discardEdit", () => this.close()),
  ];

  constructor(private readonly texts: Texts) {}

  async show(edit: WorkspaceEdit, title: string, client: LanguageClient): Promise<void> {
    const changes = changesOf(edit);
    this.set({ edit, changes, client, views: [] });
    for (const change of changes) {
      const uri = client.protocol2CodeConverter.asUri(change.uri);
      const name = path.posix.basename(uri.path);
      const before = change.creates ? "" : (await workspace.openTextDocument(uri)).getText();
      const left = change.creates ? this.texts.add(name, "") : uri;
      const right = this.texts.add(name, applyTextEdits(before, change.edits));
      this.pending?.views.push(right);
      await commands.executeCommand("vscode.diff", left, right, title, { preview: true });
    }
    const apply = l10n.t("Apply");
    const discard = l10n.t("Discard");
    const mine = this.pending;
    const chosen = await window.showInformationMessage(l10n.t("{0}: apply this change?", title), apply, discard);
    if (this.pending !== mine) return;
    if (chosen === apply) await this.apply();
    if (chosen === discard) await this.close();
  }

  dispose(): void {
    for (const registration of this.registrations) registration.dispose();
  }

  private async apply(): Promise<void> {
    const pending = this.pending;
    if (!pending) return;
    await this.close();
    const isOutdated = pending.changes.some(({ uri, version }) => {
      const document = workspace.textDocuments.find((open) => open.uri.toString() === Uri.parse(uri).toString());
      return version !== null && document !== undefined && document.version !== version;
    });
    if (isOutdated) {
      void window.showWarningMessage(l10n.t("The document was changed meanwhile; ask again."));
      return;
    }
    const edit = await pending.client.protocol2CodeConverter.asWorkspaceEdit(confirmed(pending.edit));
    if (!(await workspace.applyEdit(edit)))
      void window.showErrorMessage(l10n.t("The change could not be applied."));
    const first = pending.changes[0];
    if (first) await window.showTextDocument(pending.client.protocol2CodeConverter.asUri(first.uri));
  }

  /** Forgets the edit and closes its diff. */
  private async close(): Promise<void> {
    const views = new Set(this.pending?.views.map(String));
    this.set(undefined);
    const tabs = window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter(({ input }) => views.has(String((input as { modified?: Uri } | undefined)?.modified)));
    await window.tabGroups.close(tabs);
  }

  private set(pending: Pending | undefined): void {
    this.pending = pending;
    void commands.executeCommand("setContext", "fathom.previewsEdit", pending !== undefined);
  }
}
