import { EventEmitter, l10n, window, type Disposable } from "vscode";

/** No suggestions by themselves for a while. Asking for one still gives one. */
export class Snooze implements Disposable {
  private readonly changed = new EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private until = 0;
  private timer: NodeJS.Timeout | undefined;

  get isOn(): boolean {
    return Date.now() < this.until;
  }

  /** Asks for how long, or ends it. */
  async toggle(): Promise<void> {
    if (this.isOn) return this.set(0);
    const chosen = await window.showQuickPick(
      [5, 15, 60].map((minutes) => ({ label: l10n.t("{0} minutes", minutes), minutes })),
      { title: l10n.t("No suggestions for...") },
    );
    if (chosen) this.set(chosen.minutes);
  }

  set(minutes: number): void {
    clearTimeout(this.timer);
    this.until = Date.now() + minutes * 60_000;
    if (minutes > 0) this.timer = setTimeout(() => this.changed.fire(), minutes * 60_000);
    this.changed.fire();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.changed.dispose();
  }
}
