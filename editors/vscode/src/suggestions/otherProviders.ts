import { commands, extensions, l10n, window, type Memento } from "vscode";

const kKnown = [
  "GitHub.copilot",
  "TabNine.tabnine-vscode",
  "Codeium.codeium",
  "Continue.continue",
  "TabbyML.vscode-tabby",
  "sourcegraph.cody-ai",
  "ggml-org.llama-vscode",
  "Supermaven.supermaven",
];
const kTold = "fathom.toldOfOtherProviders";

/** Two extensions that suggest at once show each other's text: said once. */
export async function warnAboutOtherProviders(memory: Memento): Promise<void> {
  const others = kKnown
    .map((id) => extensions.getExtension(id))
    .filter((extension) => extension !== undefined)
    .map((extension) => String(extension.packageJSON.displayName ?? extension.id));
  if (others.length === 0 || memory.get<boolean>(kTold)) return;
  await memory.update(kTold, true);
  const show = l10n.t("Show Extensions");
  const chosen = await window.showWarningMessage(
    l10n.t("{0} suggests code as well. Turn one of them off, or the suggestions mix.", others.join(", ")),
    show,
  );
  if (chosen === show) await commands.executeCommand("workbench.extensions.search", "@installed");
}
