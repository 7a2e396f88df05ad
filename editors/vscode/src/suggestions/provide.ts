import { InlineCompletionItem, InlineCompletionTriggerKind } from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import type { Connection } from "../server/connection";
import type { Feedback } from "./feedback";
import type { MissedSuggestion } from "./missed";
import type { Snooze } from "./snooze";

/** Stands between VS Code, which asks for a suggestion, and the server, which has it. */
export function provideSuggestions(
  connection: Connection,
  feedback: Feedback,
  missed: MissedSuggestion,
  snooze: Snooze,
): Pick<Middleware, "provideInlineCompletionItems"> {
  return {
    async provideInlineCompletionItems(document, position, context, token, next) {
      if (snooze.isOn && context.triggerKind === InlineCompletionTriggerKind.Automatic) return [];
      const hadModel = connection.hasModel;
      const result = await next(document, position, context, token);
      if (result && !token.isCancellationRequested) {
        const items = Array.isArray(result) ? result : result.items;
        feedback.returned(document, position, items.filter((item) => item instanceof InlineCompletionItem));
        if (items.length === 0 && !hadModel) missed.missed(document.uri, position);
        else missed.forget();
      }
      return result;
    },
  };
}
