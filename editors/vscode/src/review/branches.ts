import { extensions, l10n, window, type QuickPickItem, type Uri } from "vscode";

/** What is used of the API of VS Code's own Git extension (its api/git.d.ts, version 1). */
interface GitExtension {
  getAPI(version: 1): { repositories: Repository[]; getRepository(uri: Uri): Repository | null };
}

interface Repository {
  rootUri: Uri;
  state: { HEAD?: { name?: string } };
  getBranches(query: { remote: boolean; sort: "committerdate" }): Promise<{ name?: string }[]>;
}

/** Asks for the branch to compare with. "" is the one that the server takes; undefined: none was chosen. */
export async function chooseBranch(inRepository: Uri | undefined): Promise<string | undefined> {
  const title = l10n.t("Review what is new since which branch?");
  const names = await branches(inRepository);
  if (!names) return window.showInputBox({ title, placeHolder: l10n.t("Empty: the default branch") });
  const defaultBranch = { label: l10n.t("The default branch"), name: "" };
  const choices: (QuickPickItem & { name: string })[] = [defaultBranch, ...names.map((name) => ({ label: name, name }))];
  return (await window.showQuickPick(choices, { title }))?.name;
}

/** The newest first, without the current one; undefined if VS Code does not know. */
async function branches(inRepository: Uri | undefined): Promise<string[] | undefined> {
  try {
    const git = await extensions.getExtension<GitExtension>("vscode.git")?.activate();
    const api = git?.getAPI(1); // throws if Git is turned off
    const repository = (inRepository && api?.getRepository(inRepository)) ?? api?.repositories[0];
    const found = await repository?.getBranches({ remote: true, sort: "committerdate" });
    const current = repository?.state.HEAD?.name;
    return found?.flatMap(({ name }) => (name && name !== current && !name.endsWith("/HEAD") ? [name] : []));
  } catch {
    return undefined;
  }
}
