// What the server is told of the settings: only what somebody has set. The rest is for its own files
// (fathom.toml), which the defaults of package.json would otherwise hide.

export interface Inspected {
  globalValue?: unknown;
  workspaceValue?: unknown;
  workspaceFolderValue?: unknown;
}

/** Keys that are the server's, without "fathom.": the editor's own start with "client." or "trace.". */
export function serverKeys(properties: Iterable<string>): string[] {
  return [...properties]
    .map((name) => name.replace(/^fathom\./, ""))
    .filter((key) => !key.startsWith("client.") && !key.startsWith("trace."));
}

/** With dots in the names, as docs/lsp-extensions.md allows. */
export function explicitSettings(
  keys: Iterable<string>,
  inspect: (key: string) => Inspected | undefined,
): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const key of keys) {
    const found = inspect(key);
    const value = found?.workspaceFolderValue ?? found?.workspaceValue ?? found?.globalValue;
    if (value !== undefined) settings[key] = value;
  }
  return settings;
}

/** Names of settings whose value has another type than it must have. */
export function wrongTypes(
  settings: Iterable<[name: string, value: unknown, type: "string" | "strings"]>,
): string[] {
  const isRight = (value: unknown, type: string) =>
    type === "string"
      ? typeof value === "string"
      : Array.isArray(value) && value.every((word) => typeof word === "string");
  return [...settings].filter(([, value, type]) => !isRight(value, type)).map(([name]) => name);
}
