import type { Memento } from "vscode";
import { toKeep, type Answer } from "./answers";

const kKey = "fathom.answers";
const kMost = 30;

/** The answers of this workspace, oldest first; kept over restarts of the editor. */
export class History {
  readonly answers: Answer[];

  constructor(private readonly memory: Memento) {
    this.answers = toKeep(memory.get<Answer[]>(kKey, []), kMost);
  }

  find(id: string): Answer | undefined {
    return this.answers.find((answer) => answer.id === id);
  }

  add(answer: Answer): void {
    this.answers.push(answer);
    if (this.answers.length > kMost) this.answers.shift();
  }

  clear(): void {
    this.answers.length = 0;
    this.save();
  }

  save(): void {
    void this.memory.update(kKey, toKeep(this.answers, kMost));
  }
}
