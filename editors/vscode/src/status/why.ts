import { l10n, Range, window } from "vscode";
import type { Connection } from "../server/connection";

/** `fathom/ledger` of docs/lsp-extensions.md. */
interface Ledger {
  pieces: {
    kind: string;
    path: string;
    begin: number;
    end: number;
    lines?: { first: number; last: number };
    tokens: number;
    reused: number;
  }[];
  stop: string;
  tokens: number;
  promptTokens: number;
  reusedTokens: number;
  maskedSecrets: number;
  meanLogprob: number;
  msFirstToken: number;
  msTotal: number;
}

/** Lists what the last suggestion was made of; choosing a piece of this document selects it. */
export async function showWhy(connection: Connection): Promise<void> {
  const editor = window.activeTextEditor;
  const client = connection.client;
  const ledger =
    editor && client
      ? await client.sendRequest<Ledger | null>("fathom/ledger", {
          textDocument: client.code2ProtocolConverter.asTextDocumentIdentifier(editor.document),
        })
      : null;
  if (!editor || !ledger) {
    void window.showInformationMessage(l10n.t("There was no suggestion in this document yet."));
    return;
  }
  const pieces = ledger.pieces.map(({ kind, path, lines, tokens, reused }) => ({
    label: lines ? `${kind} ${path}:${lines.first + 1}-${lines.last + 1}` : `${kind} ${path}`,
    description: l10n.t("{0} tokens, {1} of them known already", tokens, reused),
    lines,
  }));
  const summary = [
    l10n.t("{0} tokens in {1} ms, the first after {2} ms", ledger.tokens, ledger.msTotal.toFixed(0), ledger.msFirstToken.toFixed(0)),
    l10n.t("sure to {0} % of each token", (100 * Math.exp(ledger.meanLogprob)).toFixed(0)),
    l10n.t("ended by {0}", ledger.stop),
    ...(ledger.maskedSecrets > 0 ? [l10n.t("{0} secrets hidden from the model", ledger.maskedSecrets)] : []),
  ].join(" \u00b7 ");
  const chosen = await window.showQuickPick(pieces, { title: l10n.t("Why this suggestion?"), placeHolder: summary });
  if (!chosen?.lines) return;
  const range = new Range(chosen.lines.first, 0, chosen.lines.last + 1, 0);
  await window.showTextDocument(editor.document, { selection: range });
}
