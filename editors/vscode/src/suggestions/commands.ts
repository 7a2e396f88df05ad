import { commands, type Disposable } from "vscode";
import type { Feedback } from "./feedback";

const run = (command: string) => commands.executeCommand(`editor.action.inlineSuggest.${command}`);

/** Accepting, in whole and in part, and choosing among suggestions. */
export function registerSuggestionCommands(feedback: Feedback): Disposable[] {
  const handlers: Record<string, () => unknown> = {
    "fathom.acceptSuggestion": () => run("commit"),
    "fathom.acceptWord": () => feedback.partly(() => run("acceptNextWord")),
    "fathom.acceptLine": () => feedback.partly(() => run("acceptNextLine")),
    "fathom.nextSuggestion": () => run("showNext").then(() => feedback.cycled(1)),
    "fathom.previousSuggestion": () => run("showPrevious").then(() => feedback.cycled(-1)),
    "fathom.suggest": () => run("trigger"),
  };
  return Object.entries(handlers).map(([name, handler]) => commands.registerCommand(name, handler));
}
