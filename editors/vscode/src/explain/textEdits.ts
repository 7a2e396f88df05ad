import type { TextEdit } from "vscode-languageclient/node";

/** `text` with the edits made. They do not overlap; columns are UTF-16 units. */
export function applyTextEdits(text: string, edits: readonly TextEdit[]): string {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const offset = ({ line, character }: { line: number; character: number }) =>
    line < starts.length ? Math.min((starts[line] ?? 0) + character, text.length) : text.length;

  const fromTheEnd = [...edits].sort((a, b) => offset(b.range.start) - offset(a.range.start));
  let result = text;
  for (const { range, newText } of fromTheEnd)
    result = result.slice(0, offset(range.start)) + newText + result.slice(offset(range.end));
  return result;
}
