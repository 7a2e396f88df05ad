// What can go wrong, as one message with buttons that do the next step.

import { commands, l10n, window } from "vscode";
import type { BinaryProblem } from "./binary";

export type Problem =
  | BinaryProblem
  | { kind: "crashed"; detail: string }
  | { kind: "slow"; seconds: number }
  | { kind: "model"; detail: string }
  | { kind: "settings"; names: string[] };

interface Button {
  title: string;
  command: string;
  arguments?: unknown[];
}

export async function showProblem(problem: Problem): Promise<void> {
  const { message, buttons } = describe(problem);
  const show = problem.kind === "slow" ? window.showWarningMessage : window.showErrorMessage;
  const chosen = await show(message, ...buttons.map((button) => button.title));
  const button = buttons.find(({ title }) => title === chosen);
  if (button) await commands.executeCommand(button.command, ...(button.arguments ?? []));
}

export function describe(problem: Problem): { message: string; buttons: Button[] } {
  const showLog = { title: l10n.t("Show Log"), command: "fathom.showLog" };
  const restart = { title: l10n.t("Restart"), command: "fathom.restart" };
  const chooseModel = { title: l10n.t("Choose Model"), command: "fathom.chooseModel" };
  const howToGetIt = {
    title: l10n.t("How to Get It"),
    command: "workbench.action.openWalkthrough",
    arguments: ["fathom.fathom#start", false],
  };
  const settings = (name: string) => ({
    title: l10n.t("Open Settings"),
    command: "workbench.action.openSettings",
    arguments: [name],
  });
  const path = settings("fathom.client.path");

  switch (problem.kind) {
    case "missing":
      return {
        message: l10n.t("fathom is not installed here: there is no program of that name on the PATH."),
        buttons: [howToGetIt, path],
      };
    case "noSuchFile":
      return {
        message: l10n.t("The setting fathom.client.path names {0}, which is not a program.", problem.path),
        buttons: [path, howToGetIt],
      };
    case "notFathom":
      return {
        message: l10n.t("{0} does not run as fathom: {1}", problem.path, problem.detail || "no output"),
        buttons: [path, showLog],
      };
    case "wrongVersion":
      return {
        message: l10n.t(
          "{0} is fathom {1}; this extension needs {2} or a later one that is compatible.",
          problem.path,
          problem.version,
          problem.wanted,
        ),
        buttons: [howToGetIt, path],
      };
    case "crashed":
      return {
        message: l10n.t("fathom has ended unexpectedly ({0}).", problem.detail || "no reason given"),
        buttons: [restart, showLog],
      };
    case "slow":
      return {
        message: l10n.t("fathom has not answered for {0} seconds. The editor goes on waiting.", problem.seconds),
        buttons: [restart, showLog],
      };
    case "model":
      return { message: problem.detail, buttons: [chooseModel, showLog] };
    case "settings":
      return {
        message: l10n.t("These settings have a value of a wrong type and are ignored: {0}.", problem.names.join(", ")),
        buttons: [settings(problem.names.join(" "))],
      };
  }
}
