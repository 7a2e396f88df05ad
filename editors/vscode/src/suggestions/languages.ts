import { ConfigurationTarget, l10n, window, workspace } from "vscode";

const kSetting = "completion.disabledLanguages";

export function isDisabled(language: string): boolean {
  return disabledLanguages().includes(language);
}

/** Turns suggestions on or off in the language of the active editor, for this user. */
export async function toggleLanguage(): Promise<void> {
  const language = window.activeTextEditor?.document.languageId;
  if (!language) {
    void window.showInformationMessage(l10n.t("Open a file first: suggestions are turned off by language."));
    return;
  }
  const others = disabledLanguages().filter((name) => name !== language);
  const isOff = others.length < disabledLanguages().length;
  const settings = workspace.getConfiguration("fathom");
  await settings.update(kSetting, isOff ? others : [...others, language], ConfigurationTarget.Global);
  void window.setStatusBarMessage(
    isOff ? l10n.t("fathom suggests in {0} again", language) : l10n.t("fathom no longer suggests in {0}", language),
    4000,
  );
}

function disabledLanguages(): string[] {
  const value = workspace.getConfiguration("fathom").get<unknown>(kSetting);
  return Array.isArray(value) ? value.filter((word) => typeof word === "string") : [];
}
