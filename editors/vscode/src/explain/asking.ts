import { CancellationTokenSource } from "vscode";
import type { LanguageClient, WorkspaceEdit } from "vscode-languageclient/node";
import type { Channel } from "./answers";

/** Of a command about code: docs/lsp-extensions.md. */
export interface AssistResult {
  reasoning: string;
  answer: string;
  edit?: WorkspaceEdit;
  editProblem?: string;
}

interface Report {
  kind: string;
  fathom?: { channel: Channel; delta: string };
}

let count = 0;

/** One request to the model: its text arrives in pieces, it can be hurried and stopped. */
export class Asking {
  private readonly token = `fathom-vscode/${process.pid}/${++count}`;
  private readonly cancelled = new CancellationTokenSource();

  constructor(private readonly client: LanguageClient) {}

  /** Errors: those of the request, in words for people. */
  async run(
    command: string,
    argument: object,
    onDelta: (channel: Channel, text: string) => void,
  ): Promise<AssistResult> {
    const { WorkDoneProgress } = await import("vscode-languageclient/node"); // is there: the client is
    const progress = this.client.onProgress(WorkDoneProgress.type, this.token, (value) => {
      const { fathom } = value as Report;
      if (fathom) onDelta(fathom.channel, fathom.delta);
    });
    try {
      const params = { command, arguments: [argument], workDoneToken: this.token };
      return await this.client.sendRequest<AssistResult>("workspace/executeCommand", params, this.cancelled.token);
    } finally {
      progress.dispose();
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
