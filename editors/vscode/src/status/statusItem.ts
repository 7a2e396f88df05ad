import { l10n, languages, LanguageStatusSeverity, MarkdownString, StatusBarAlignment, ThemeColor, window, type Disposable } from "vscode";
import type { Connection } from "../server/connection";
import { describe } from "../server/problems";
import { isDisabled } from "../suggestions/languages";
import type { Snooze } from "../suggestions/snooze";
import { hostName } from "./host";
import { askStatus, figures, type ServerStatus } from "./serverStatus";
import { describeModel } from "./whereTextGoes";

const kRefreshMs = 5000; // of the figures, while the window has the focus

interface Look {
  icon: string;
  text: string;
  isBusy?: boolean;
  isWrong?: boolean;
}

/** One item in the status bar and one among the languages' states: the same words in both. */
export class StatusItem implements Disposable {
  private readonly item = window.createStatusBarItem("fathom.status", StatusBarAlignment.Right, 100);
  private readonly language = languages.createLanguageStatusItem("fathom", [{ scheme: "file" }, { scheme: "untitled" }]);
  private readonly timer = setInterval(() => void this.refresh(), kRefreshMs);
  private readonly subscriptions: Disposable[];
  private status: ServerStatus | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly snooze: Snooze,
  ) {
    this.item.name = "fathom";
    this.item.command = "fathom.showMenu";
    this.language.name = "fathom";
    this.language.command = { title: l10n.t("Menu"), command: "fathom.showMenu" };
    this.subscriptions = [
      connection.onDidChangeState(() => void this.refresh()),
      snooze.onDidChange(() => this.draw()),
      window.onDidChangeActiveTextEditor(() => this.draw()),
    ];
    this.draw();
    this.item.show();
  }

  dispose(): void {
    clearInterval(this.timer);
    for (const part of [this.item, this.language, ...this.subscriptions]) part.dispose();
  }

  private async refresh(): Promise<void> {
    this.draw();
    const client = this.connection.client;
    if (!client || !window.state.focused) return;
    this.status = await askStatus(client).catch(() => undefined);
    this.draw();
  }

  private draw(): void {
    const look = this.look();
    this.item.text = `$(${look.icon}) fathom`;
    this.item.tooltip = this.tooltip(look);
    this.item.accessibilityInformation = { label: `fathom: ${look.text}` };
    this.item.backgroundColor = look.isWrong ? new ThemeColor("statusBarItem.warningBackground") : undefined;
    this.language.text = `fathom: ${look.text}`;
    this.language.busy = look.isBusy ?? false;
    this.language.severity = look.isWrong ? LanguageStatusSeverity.Warning : LanguageStatusSeverity.Information;
  }

  private look(): Look {
    const { state } = this.connection;
    if (state.kind === "stopped") return { icon: "circle-slash", text: l10n.t("stopped") };
    if (state.kind === "starting") return { icon: "sync~spin", text: l10n.t("starting"), isBusy: true };
    if (state.kind === "failed") return { icon: "warning", text: describe(state.problem).message, isWrong: true };
    const { model } = state;
    if (model.kind === "Error" || model.kind === "Warning") return { icon: "warning", text: model.message, isWrong: true };
    if (model.busy) return { icon: "sync~spin", text: model.message, isBusy: true };
    if (this.snooze.isOn) return { icon: "bell-slash", text: l10n.t("snoozed") };
    const language = window.activeTextEditor?.document.languageId;
    if (language && isDisabled(language)) return { icon: "circle-slash", text: l10n.t("off in {0}", language) };
    if (model.server) return { icon: "cloud-upload", text: l10n.t("ready, text goes to {0}", model.server) };
    return { icon: "sparkle", text: l10n.t("ready") };
  }

  private tooltip({ text }: Look): MarkdownString {
    const lines = [`**fathom**: ${text}`, l10n.t("Engine on {0}", hostName())];
    for (const model of this.status?.models ?? []) lines.push(describeModel(model));
    if (this.status && this.status.completions.requests > 0) {
      const { tokensPerSecond, fromCache, reused } = figures(this.status);
      const percent = (part: number) => `${Math.round(part * 100)} %`;
      lines.push(
        l10n.t("{0} tokens/s", tokensPerSecond.toFixed(0)),
        l10n.t("{0} from the cache, {1} of the prompts reused", percent(fromCache), percent(reused)),
      );
    }
    const tooltip = new MarkdownString();
    lines.forEach((line, index) => (index === 0 ? tooltip.appendMarkdown(line) : tooltip.appendText(`\n${line}`)));
    return tooltip;
  }
}
