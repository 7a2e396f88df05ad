import { commands, window, type ExtensionContext, type SourceControl } from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import { Explanations } from "./explain/explanations";
import { tasks } from "./explain/tasks";
import { Reviews } from "./review/reviews";
import { Connection } from "./server/connection";
import { copyDiagnostics } from "./status/diagnostics";
import { showMenu } from "./status/menu";
import { chooseModel } from "./status/models";
import { StatusItem } from "./status/statusItem";
import { showWhereTextGoes } from "./status/whereTextGoes";
import { showWhy } from "./status/why";
import { registerSuggestionCommands } from "./suggestions/commands";
import { Feedback } from "./suggestions/feedback";
import { followGrowingSuggestions } from "./suggestions/growing";
import { toggleLanguage } from "./suggestions/languages";
import { MissedSuggestion } from "./suggestions/missed";
import { warnAboutOtherProviders } from "./suggestions/otherProviders";
import { provideSuggestions } from "./suggestions/provide";
import { Snooze } from "./suggestions/snooze";

/** Puts the parts together. The server starts in the background: nobody waits for it. */
export function activate(context: ExtensionContext): void {
  const began = performance.now();
  const log = window.createOutputChannel("fathom", { log: true });
  const snooze = new Snooze();
  const feedback = new Feedback(() => connection.client);
  const middleware = (): Middleware => ({
    ...provideSuggestions(connection, feedback, missed, snooze),
    // Code actions name the server's commands; their answers belong into our view.
    executeCommand: (command, args, next) =>
      isAboutCode(command) ? explanations.runServerCommand(command, args[0]) : next(command, args),
  });
  const connection: Connection = new Connection(context, log, middleware, followGrowingSuggestions);
  const missed = new MissedSuggestion(connection);
  const explanations = new Explanations(context, connection);
  const reviews = new Reviews(connection);

  const handlers: Record<string, (source?: SourceControl) => unknown> = {
    "fathom.reviewChanges": (source) => reviews.review("changes", source),
    "fathom.reviewStaged": (source) => reviews.review("staged", source),
    "fathom.reviewBranch": (source) => reviews.review("branch", source),
    "fathom.clearFindings": () => reviews.clear(),
    "fathom.openAnswers": () => explanations.open(),
    "fathom.snooze": () => snooze.toggle(),
    "fathom.toggleLanguage": toggleLanguage,
    "fathom.whySuggestion": () => showWhy(connection),
    "fathom.chooseModel": () => chooseModel(connection),
    "fathom.showWhereTextGoes": () => showWhereTextGoes(connection),
    "fathom.showMenu": () => showMenu(snooze),
    "fathom.copyDiagnostics": () => copyDiagnostics(context, connection),
    "fathom.showLog": () => log.show(),
    "fathom.restart": () => connection.restart(),
  };
  for (const [name, task] of Object.entries(tasks())) handlers[name] = () => explanations.ask(task);
  for (const [name, handler] of Object.entries(handlers))
    context.subscriptions.push(commands.registerCommand(name, handler));
  context.subscriptions.push(
    log,
    snooze,
    connection,
    missed,
    explanations,
    new StatusItem(connection, snooze),
    ...registerSuggestionCommands(feedback),
  );

  void connection.start();
  void warnAboutOtherProviders(context.globalState);
  log.info(`activated in ${Math.round(performance.now() - began)} ms`);
}

function isAboutCode(command: string): boolean {
  return Object.values(tasks()).some((task) => task.command === command);
}
