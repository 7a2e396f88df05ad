// What was asked and answered in a workspace. Shared with the web view, so nothing of VS Code here.

export type Channel = "reasoning" | "answer";

/** Waiting for the model, writing, or how it ended. */
export type Phase = "waiting" | Channel | "done" | "stopped" | "failed";

export interface Answer {
  id: string;
  title: string; // e.g. "Explain text.cpp:3-9"
  uri: string; // of the document asked about
  firstLine: number; // from 0
  lastLine: number; // -1: all of it
  phase: Phase;
  reasoning: string;
  answer: string;
  reasoningTokens: number;
  answerTokens: number;
  startedMs: number; // since 1970
  reasoningMs: number; // how long it reasoned
  problem: string; // why there is no answer, or no edit
}

export interface Summary {
  id: string;
  title: string;
}

/** To the web view. */
export type ToView =
  | { type: "show"; answer: Answer | undefined; all: Summary[] }
  | { type: "delta"; id: string; channel: Channel; text: string }
  | { type: "end"; answer: Answer };

/** From the web view. */
export type FromView =
  | { type: "ready" }
  | { type: "select"; id: string }
  | { type: "stop" | "answerNow"; id: string }
  | { type: "clear" }
  | { type: "ask"; id: string; question: string }
  | { type: "copy" | "insert" | "compare"; id: string; code: string };

/** Adds a piece of text, which is one token as a rule. */
export function append(answer: Answer, channel: Channel, text: string, nowMs: number): void {
  answer.phase = channel;
  answer[channel] += text;
  if (channel === "reasoning") {
    ++answer.reasoningTokens;
    answer.reasoningMs = nowMs - answer.startedMs;
  } else {
    ++answer.answerTokens;
  }
}

export function isRunning(answer: Answer): boolean {
  return answer.phase === "waiting" || answer.phase === "reasoning" || answer.phase === "answer";
}

/** What is kept for the next start: the newest, those that were cut off marked as such. */
export function toKeep(answers: readonly Answer[], most: number): Answer[] {
  return answers
    .slice(-most)
    .map((answer) => (isRunning(answer) ? { ...answer, phase: "stopped" as const } : answer));
}
