/**
 * How much of a suggestion is in the document: its length in UTF-16 units, 0 if `inserted`, the text from
 * the suggestion's begin to the cursor, is not its beginning. Line endings do not count as a difference.
 */
export function acceptedLength(suggestion: string, inserted: string): number {
  const text = inserted.replaceAll("\r\n", "\n");
  return suggestion.replaceAll("\r\n", "\n").startsWith(text) ? text.length : 0;
}
