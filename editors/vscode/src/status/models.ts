import { execFile } from "node:child_process";
import {
  commands,
  ConfigurationTarget,
  l10n,
  ProgressLocation,
  QuickPickItemKind,
  window,
  workspace,
  type QuickPickItem,
} from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import type { Connection } from "../server/connection";
import { askStatus } from "./serverStatus";

/** `fathom models --json`. */
interface Models {
  pulled: { name: string; bytes?: number }[];
  available: { name: string; bytes: number; fits_in_memory: boolean; licence: string; purpose: string }[];
}

interface Choice extends QuickPickItem {
  model?: string | null; // what the setting becomes; null: fathom.toml says it
  pull?: string; // what has to be downloaded before
}

/** The model that suggests: what fathom.toml names, the built-in one, one that is here, a file, or one to download. */
export async function chooseModel(connection: Connection): Promise<void> {
  const models = await listModels(connection.binary?.path);
  const configured = await configuredChoice(connection);
  const chosen = workspace.getConfiguration("fathom").get<string>("client.model") || undefined;
  const current = chosen ?? (configured ? null : "");
  const mark = (model: string | null) => (model === current ? l10n.t("in use") : "");
  const choices: Choice[] = [
    ...(configured ? [{ label: configured, description: mark(null), detail: l10n.t("What fathom.toml says"), model: null }] : []),
    { label: l10n.t("Built-in model"), description: mark(""), model: "" },
    ...models.pulled.map(({ name }) => ({ label: name, description: mark(name), model: name })),
    { label: l10n.t("A file on this machine..."), model: "file" },
    { label: l10n.t("To download"), kind: QuickPickItemKind.Separator },
    ...models.available
      .filter(({ name, fits_in_memory }) => fits_in_memory && !models.pulled.some((pulled) => pulled.name === name))
      .map(({ name, bytes, licence, purpose }) => ({
        label: name,
        description: l10n.t("{0} GB, {1}", (bytes / 1e9).toFixed(1), licence),
        detail: purpose,
        pull: name,
      })),
  ];
  const choice = await window.showQuickPick(choices, { title: l10n.t("Which model suggests?"), matchOnDetail: true });
  if (choice?.pull) return showHowToPull(choice.pull, connection.binary?.path ?? "fathom");
  const model = choice?.model === "file" ? await chooseFile() : choice?.model;
  if (model !== undefined && model !== current) await use(model, connection);
}

/** The server or model that fathom.toml names, if it does. */
async function configuredChoice({ client }: Connection): Promise<string | undefined> {
  if (!client) return undefined;
  const { server, model } = (await askStatus(client)).configured;
  return server ? l10n.t("Server {0}", server) : model || undefined;
}

async function chooseFile(): Promise<string | undefined> {
  const files = await window.showOpenDialog({ filters: { GGUF: ["gguf"] }, title: l10n.t("Model file") });
  return files?.[0]?.fsPath;
}

/** Downloads take long and may fail half way: the program shows that better than we could. */
async function showHowToPull(name: string, program: string): Promise<void> {
  const terminal = window.createTerminal({ name: "fathom pull" });
  terminal.show();
  terminal.sendText(`'${program.replaceAll("'", "'\\''")}' pull ${name}`, false);
  void window.showInformationMessage(l10n.t("Press Enter in the terminal to download {0}, then choose it here.", name));
}

/** First the server, for all editors that it serves; only a model that it can load is kept in the settings. */
async function use(model: string | null, connection: Connection): Promise<void> {
  const client = await connection.whenStarted();
  if (client && !(await load(model, client))) return;
  await workspace.getConfiguration("fathom").update("client.model", model || undefined, ConfigurationTarget.Global);
}

/** Gives whether it could be loaded; if not, the server goes on with the one before. */
async function load(model: string | null, client: LanguageClient): Promise<boolean> {
  try {
    await window.withProgress({ location: ProgressLocation.Notification, title: l10n.t("Loading the model") }, () =>
      client.sendRequest("fathom/chooseModel", { model }),
    );
    return true;
  } catch (error) {
    const chooseAnother = l10n.t("Choose Model");
    const message = l10n.t("The model stays as it was: {0}", String((error as Error).message ?? error));
    if ((await window.showErrorMessage(message, chooseAnother)) === chooseAnother)
      void commands.executeCommand("fathom.chooseModel");
    return false;
  }
}

function listModels(program: string | undefined): Promise<Models> {
  return new Promise((resolve) => {
    const none: Models = { pulled: [], available: [] };
    if (!program) return resolve(none);
    execFile(program, ["models", "--json"], { timeout: 10_000 }, (error, out) => {
      try {
        resolve(error ? none : (JSON.parse(out) as Models));
      } catch {
        resolve(none);
      }
    });
  });
}
