import { Task } from "./task";

export class Project {
  tasks: Task[] = [];

  constructor(readonly name: string) {}

  isOverloaded(): boolean {
    return this.tasks.filter((task) => !task.done).length > 20;
  }
}
