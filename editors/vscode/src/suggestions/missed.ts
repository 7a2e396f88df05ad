import type { Disposable, Position, Uri } from "vscode";
import type { Connection } from "../server/connection";
import { askAgain } from "./askAgain";

/**
 * The server answers with nothing while there is no model, and VS Code asks again only with the next key. So we
 * ask again when the model is there.
 */
export class MissedSuggestion implements Disposable {
  private place: [Uri, Position] | undefined;
  private readonly subscription: Disposable;

  constructor(private readonly connection: Connection) {
    this.subscription = connection.onDidChangeState(() => this.retry());
  }

  /** That what was asked for at this place, last of all, was answered with nothing for want of a model. */
  missed(...place: [Uri, Position]): void {
    this.place = place;
    this.retry();
  }

  forget(): void {
    this.place = undefined;
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private retry(): void {
    if (!this.place || !this.connection.hasModel) return;
    askAgain(...this.place);
    this.forget();
  }
}
