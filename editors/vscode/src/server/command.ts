import type { CancellationToken } from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";

/** A report of work-done progress; `fathom` is a piece of text of the model's (docs/lsp-extensions.md). */
export interface Report {
  kind: string;
  message?: string;
  percentage?: number;
  fathom?: { channel: "reasoning" | "answer"; delta: string };
}

let count = 0;

export const newProgressToken = () => `fathom-vscode/${process.pid}/${++count}`;

/** Runs a command of the server that tells how far it is. Errors: those of the request, in words for people. */
export async function runCommand<T>(
  client: LanguageClient,
  command: string,
  argument: object,
  workDoneToken: string,
  onReport: (report: Report) => void,
  cancel: CancellationToken,
): Promise<T> {
  const { WorkDoneProgress } = await import("vscode-languageclient/node"); // is there: the client is
  const progress = client.onProgress(WorkDoneProgress.type, workDoneToken, (report) => onReport(report as Report));
  try {
    const params = { command, arguments: [argument], workDoneToken };
    return await client.sendRequest<T>("workspace/executeCommand", params, cancel);
  } finally {
    progress.dispose();
  }
}
