import { l10n, ProgressLocation, Uri, window, workspace, commands, type SourceControl } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { newProgressToken, runCommand } from "../server/command";
import type { Connection } from "../server/connection";
import { chooseBranch } from "./branches";
import { describeReview, type ReviewResult } from "./describeReview";

const kCancelled = -32800; // the protocol's RequestCancelled: by the user, or by the next review

type Scope = "changes" | "staged" | "branch";

/** Has the server review a change. The findings come as diagnostics, and what can be done about them as code actions. */
export class Reviews {
  constructor(private readonly connection: Connection) {}

  /** `source`: of the menu in the view of the source control. */
  async review(scope: Scope, source?: SourceControl): Promise<void> {
    const client = await this.connection.whenStarted();
    if (!client) {
      void window.showInformationMessage(l10n.t("fathom is not running."));
      return;
    }
    const uri = source?.rootUri ?? activeFile();
    const base = scope === "branch" ? await chooseBranch(uri) : "";
    if (base === undefined) return;
    const argument = {
      scope,
      ...(uri ? { uri: client.code2ProtocolConverter.asUri(uri) } : {}),
      ...(base ? { base } : {}),
    };
    try {
      await this.tell(await run(client, argument));
    } catch (error) {
      if ((error as { code?: number }).code !== kCancelled) await this.tellError(String((error as Error).message ?? error));
    }
  }

  async clear(): Promise<void> {
    await this.connection.client?.sendRequest("workspace/executeCommand", { command: "fathom.clearReview" });
  }

  private async tell(result: ReviewResult): Promise<void> {
    for (const { path, reason } of result.notReviewed) this.connection.log.warn(`not reviewed: ${path}: ${reason}`);
    const [openProblems, showLog] = [l10n.t("Open Problems"), l10n.t("Show Log")];
    const buttons = [
      ...(result.findings.length > 0 ? [openProblems] : []),
      ...(result.notReviewed.length > 0 ? [showLog] : []),
    ];
    const show = result.complete ? window.showInformationMessage : window.showWarningMessage;
    const chosen = await show(describeReview(result), ...buttons);
    if (chosen === openProblems) await commands.executeCommand("workbench.actions.view.problems");
    if (chosen === showLog) await commands.executeCommand("fathom.showLog");
  }

  private async tellError(reason: string): Promise<void> {
    const showLog = l10n.t("Show Log");
    const chosen = await window.showErrorMessage(l10n.t("There is no review: {0}", reason), showLog);
    if (chosen === showLog) await commands.executeCommand("fathom.showLog");
  }
}

/** Shows how far it is, with a button that ends it. */
function run(client: LanguageClient, argument: object): Thenable<ReviewResult> {
  const options = { location: ProgressLocation.Notification, title: l10n.t("Reviewing changes"), cancellable: true };
  return window.withProgress(options, (progress, cancel) => {
    let percentage = 0;
    return runCommand<ReviewResult>(client, "fathom.review", argument, newProgressToken(), (report) => {
      const increment = (report.percentage ?? percentage) - percentage;
      percentage += increment;
      progress.report({ increment, ...(report.message ? { message: report.message } : {}) });
    }, cancel);
  });
}

/** Of several repositories it is the one of the file that is looked at. */
function activeFile(): Uri | undefined {
  const uri = window.activeTextEditor?.document.uri;
  return uri && workspace.getWorkspaceFolder(uri) ? uri : undefined;
}
