import { commands, l10n, window } from "vscode";
import type { Snooze } from "../suggestions/snooze";

/** What the status item opens. */
export async function showMenu(snooze: Snooze): Promise<void> {
  const entries: [string, string][] = [
    [snooze.isOn ? l10n.t("Suggest again") : l10n.t("Snooze suggestions..."), "fathom.snooze"],
    [l10n.t("Turn suggestions in this language on or off"), "fathom.toggleLanguage"],
    [l10n.t("Why this suggestion?"), "fathom.whySuggestion"],
    [l10n.t("Explain the selection"), "fathom.explainCode"],
    [l10n.t("Open answers"), "fathom.openAnswers"],
    [l10n.t("Review changes"), "fathom.reviewChanges"],
    [l10n.t("Choose model..."), "fathom.chooseModel"],
    [l10n.t("Where does my text go?"), "fathom.showWhereTextGoes"],
    [l10n.t("Show log"), "fathom.showLog"],
    [l10n.t("Copy diagnostics"), "fathom.copyDiagnostics"],
    [l10n.t("Restart"), "fathom.restart"],
  ];
  const chosen = await window.showQuickPick(
    entries.map(([label, command]) => ({ label, command })),
    { title: "fathom" },
  );
  if (chosen) await commands.executeCommand(chosen.command);
}
