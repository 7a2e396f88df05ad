import { commands, l10n, window, type LogOutputChannel } from "vscode";
import type { LanguageClient, ShowMessageParams } from "vscode-languageclient/node";
import { showProblem } from "./problems";

const kError = 1; // the protocol's MessageType
const kWarning = 2;

/** didChangeStatus of docs/lsp-extensions.md. */
export interface ModelStatus {
  busy: boolean;
  kind: "Normal" | "Warning" | "Error" | "Inactive";
  message: string;
  server?: string; // that text goes to
}

/** What the server tells by itself. Messages get buttons that do the next step. */
export class ServerMessages {
  model: ModelStatus = { busy: false, kind: "Inactive", message: "" };

  constructor(client: LanguageClient, log: LogOutputChannel, onModel: (status: ModelStatus) => void) {
    client.onNotification("didChangeStatus", (status: ModelStatus) => {
      this.model = status;
      onModel(status);
    });
    client.onNotification("window/showMessage", ({ type, message }: ShowMessageParams) => {
      log.info(`shown: ${message}`);
      // The status that says why may arrive just after.
      setImmediate(() => void this.show(type, message));
    });
  }

  private async show(type: number, message: string): Promise<void> {
    if (this.model.kind === "Error" && message.endsWith(this.model.message))
      return showProblem({ kind: "model", detail: message });
    if (type !== kError && type !== kWarning) {
      void window.showInformationMessage(message);
      return;
    }
    const show = type === kError ? window.showErrorMessage : window.showWarningMessage;
    const [openSettings, showLog] = [l10n.t("Open Settings"), l10n.t("Show Log")];
    const chosen = await show(message, openSettings, showLog);
    if (chosen === openSettings) await commands.executeCommand("workbench.action.openSettings", "@ext:fathom.fathom");
    if (chosen === showLog) await commands.executeCommand("fathom.showLog");
  }
}
