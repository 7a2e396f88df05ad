import { CancellationTokenSource } from "vscode";
import type { LanguageClient, WorkspaceEdit } from "vscode-languageclient/node";
import { newProgressToken, runCommand, type Report } from "../server/command";
import type { Channel } from "./answers";

/** Of a command about code: docs/lsp-extensions.md. */
export interface AssistResult {
  reasoning: string;
  answer: string;
  edit?: WorkspaceEdit;
  editProblem?: string;
}

/** One request to the model: its text arrives in pieces, it can be hurried and stopped. */
export class Asking {
  private readonly token = newProgressToken();
  private readonly cancelled = new CancellationTokenSource();

  constructor(private readonly client: LanguageClient) {}

  /** Errors: those of the request, in words for people. */
  async run(
    command: string,
    argument: object,
    onDelta: (channel: Channel, text: string) => void,
  ): Promise<AssistResult> {
    const onReport = ({ fathom }: Report) => {
      if (fathom) onDelta(fathom.channel, fathom.delta);
    };
    try {
      return await runCommand(this.client, command, argument, this.token, onReport, this.cancelled.token);
    } finally {
      this.cancelled.dispose();
    }
  }

  /** The model stops reasoning and begins its answer. */
  answerNow(): void {
    void this.client.sendNotification("fathom/answerNow", { token: this.token });
  }

  stop(): void {
    this.cancelled.cancel();
  }

  get isStopped(): boolean {
    return this.cancelled.token.isCancellationRequested;
  }
}
