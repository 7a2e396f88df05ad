import { Task } from "../model/task";
import { escapeHtml, tag } from "./html";

export function renderTask(task: Task, now: Date): string {
  const classes = ["task"];
  if (task.done) classes.push("done");
  if (task.is$0
  return tag("li", classes.join(" "), escapeHtml(task.title));
}
