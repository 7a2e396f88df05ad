import { l10n, window } from "vscode";
import { ExecuteCommandRequest } from "vscode-languageclient/node";
import type { Connection } from "../server/connection";
import { askStatus, type ModelState } from "./serverStatus";

/** Where the text goes that a role is asked about, and why. */
export function whereTextGoes({ server }: ModelState): string {
  if (!server) return l10n.t("this machine; no server is configured");
  const { origin, consent, problem } = server;
  if (consent === null) return l10n.t("nowhere yet: may it go to {0}?", origin);
  if (!consent) return l10n.t("this machine; it may not go to {0}", origin);
  return problem ? l10n.t("this machine, until {0} answers again", origin) : l10n.t("{0}; you have allowed it", origin);
}

/** One line about a role's model. */
export function describeModel(state: ModelState): string {
  if (state.server) return `${state.role}: ${whereTextGoes(state)}`;
  const { role, model, device } = state;
  return `${role}: ${model || l10n.t("built-in model")}, ${state.state}${device ? `, ${device}` : ""}`;
}

/** Says it for each role; where a server is configured, the user may be asked again. */
export async function showWhereTextGoes(connection: Connection): Promise<void> {
  const client = await connection.whenStarted();
  if (!client) return;
  const { models } = await askStatus(client);
  const lines = models.map((model) => `${model.role}: ${whereTextGoes(model)}`);
  const askAgain = l10n.t("Ask Me Again");
  const buttons = models.some(({ server }) => server) ? [askAgain] : [];
  const message = l10n.t("Where text goes: {0}.", lines.join("; "));
  if ((await window.showInformationMessage(message, ...buttons)) === askAgain)
    await client.sendRequest(ExecuteCommandRequest.type, { command: "fathom.askAboutServer" });
}
