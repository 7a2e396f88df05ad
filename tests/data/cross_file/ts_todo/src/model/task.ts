export type Priority = "low" | "normal" | "high";

export interface TaskFields {
  title: string;
  due?: Date;
  priority: Priority;
}

export class Task {
  done = false;

  constructor(readonly id: number, private fields: TaskFields) {}

  get title(): string {
    return this.fields.title;
  }

  isOverdue(now: Date): boolean {
    return !this.done && this.fields.due !== undefined && this.fields.due < now;
  }

  daysLeft(now: Date): number {
    if (!this.fields.due) return Infinity;
    return Math.ceil((this.fields.due.getTime() - now.getTime()) / 86400000);
  }
}
