import { l10n, Uri, window, workspace, type Disposable, type ExtensionContext, type TextEditor } from "vscode";
import * as path from "node:path";
import type { Range } from "vscode-languageclient/node";
import type { Connection } from "../server/connection";
import { append, isRunning, type Answer, type FromView } from "./answers";
import { Asking, type AssistResult } from "./asking";
import { useCode } from "./codeActions";
import { EditPreview } from "./editPreview";
import { History } from "./history";
import { Panel } from "./panel";
import { askFor, tasks, type Asked, type Task } from "./tasks";
import { Texts } from "./texts";

interface Argument extends Asked {
  uri: string;
  range?: Range;
}

/** Asks the model about code and shows what it says; every request has one entry in the history. */
export class Explanations implements Disposable {
  private readonly history: History;
  private readonly panel: Panel;
  private readonly texts = new Texts();
  private readonly preview = new EditPreview(this.texts);
  private readonly running = new Map<string, Asking>(); // by the answer's id
  private selected: string | undefined;

  constructor(
    context: ExtensionContext,
    private readonly connection: Connection,
  ) {
    this.history = new History(context.workspaceState);
    this.panel = new Panel(context.extensionUri, (message) => void this.receive(message));
  }

  /** A command of ours: about the selection of the active editor, or all of its document. */
  async ask(task: Task): Promise<void> {
    const editor = window.activeTextEditor;
    const client = await this.connection.whenStarted();
    if (!editor || !client) {
      void window.showInformationMessage(
        editor ? l10n.t("fathom is not running.") : l10n.t("Open a file first: this is about the code in it."),
      );
      return;
    }
    const asked = await askFor(task, editor);
    if (!asked) return;
    const range = rangeOf(editor);
    await this.run(task, {
      uri: client.code2ProtocolConverter.asUri(editor.document.uri),
      ...(range ? { range: client.code2ProtocolConverter.asRange(range) } : {}),
      ...asked,
    });
  }

  /** A command of the server, as its code actions name it. */
  async runServerCommand(command: string, argument: Argument): Promise<void> {
    const task = Object.values(tasks()).find((known) => known.command === command);
    const { uri, range, question, diagnostic } = argument;
    if (task)
      await this.run(task, {
        uri,
        ...(range && (range.start.line !== range.end.line || range.start.character !== range.end.character)
          ? { range }
          : {}),
        ...(question ? { question } : {}),
        ...(diagnostic ? { diagnostic } : {}),
      });
  }

  open(): void {
    this.panel.reveal();
    this.show(this.selected ?? this.history.answers.at(-1)?.id);
  }

  dispose(): void {
    for (const asking of this.running.values()) asking.stop();
    this.history.save();
    this.panel.dispose();
    this.preview.dispose();
    this.texts.dispose();
  }

  private async run(task: Task, argument: Argument): Promise<void> {
    const client = this.connection.client;
    if (!client) return;
    const answer = newAnswer(task, argument);
    const asking = new Asking(client);
    this.history.add(answer);
    this.running.set(answer.id, asking);
    this.panel.reveal();
    this.show(answer.id);
    let result: AssistResult | undefined;
    try {
      result = await asking.run(task.command, argument, (channel, text) => {
        append(answer, channel, text, Date.now());
        this.panel.post({ type: "delta", id: answer.id, channel, text });
      });
      answer.phase = "done";
      answer.answer = result.answer;
      answer.problem = result.editProblem ? l10n.t("No edit: {0}.", result.editProblem) : "";
    } catch (error) {
      answer.phase = asking.isStopped ? "stopped" : "failed";
      answer.problem = asking.isStopped ? "" : String((error as Error).message ?? error);
    }
    this.running.delete(answer.id);
    this.history.save();
    this.panel.post({ type: "end", answer });
    if (result?.edit) await this.preview.show(result.edit, answer.title, client);
  }

  private show(id: string | undefined): void {
    const answer = id === undefined ? undefined : this.history.find(id);
    this.selected = answer?.id;
    const all = this.history.answers.map(({ id: its, title }) => ({ id: its, title })).reverse();
    this.panel.post({ type: "show", answer, all });
  }

  private async receive(message: FromView): Promise<void> {
    switch (message.type) {
      case "ready":
        return this.show(this.selected);
      case "select":
        return this.show(message.id);
      case "stop":
        return this.running.get(message.id)?.stop();
      case "answerNow":
        return this.running.get(message.id)?.answerNow();
      case "clear":
        if (this.history.answers.some(isRunning)) return;
        this.history.clear();
        return this.show(undefined);
      case "ask":
        return this.askAgain(message.id, message.question);
      default: {
        const answer = this.history.find(message.id);
        if (answer) await useCode(message.type, message.code, answer, this.texts);
      }
    }
  }

  private async askAgain(id: string, question: string): Promise<void> {
    const about = this.history.find(id);
    const task = tasks()["fathom.askAboutCode"];
    const client = this.connection.client;
    if (!about || !task || !client) return;
    const document = await workspace.openTextDocument(Uri.parse(about.uri));
    const last = Math.min(about.lastLine, document.lineCount - 1);
    const range =
      about.lastLine < 0
        ? undefined
        : { start: { line: about.firstLine, character: 0 }, end: document.lineAt(last).range.end };
    await this.run(task, { uri: about.uri, question, ...(range ? { range } : {}) });
  }
}

function rangeOf(editor: TextEditor) {
  return editor.selection.isEmpty ? undefined : editor.selection;
}

function newAnswer(task: Task, { uri, range }: Argument): Answer {
  const name = path.posix.basename(Uri.parse(uri).path);
  const lines = range ? `:${range.start.line + 1}-${range.end.line + 1}` : "";
  return {
    id: crypto.randomUUID(),
    title: `${task.title} ${name}${lines}`,
    uri,
    firstLine: range?.start.line ?? 0,
    lastLine: range?.end.line ?? -1,
    phase: "waiting",
    reasoning: "",
    answer: "",
    reasoningTokens: 0,
    answerTokens: 0,
    startedMs: Date.now(),
    reasoningMs: 0,
    problem: "",
  };
}
