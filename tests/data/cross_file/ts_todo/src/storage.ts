import { TaskFields } from "./model/task";

export function save(key: string, fields: TaskFields[]): void {
  localStorage.setItem(key, JSON.stringify(fields));
}
