// `fathom/status` of docs/lsp-extensions.md, as far as it is shown here.

import type { LanguageClient } from "vscode-languageclient/node";

export interface ModelState {
  role: string;
  state: string;
  model: string;
  device?: string;
  error?: string;
  server?: { origin: string; consent: boolean | null; problem?: string };
}

export interface ServerStatus {
  version: string;
  pid?: number; // of the daemon; not there if the server is one by itself
  models: ModelState[];
  configured: { model: string; server: string }; // what fathom.toml says of suggestions
  completions: {
    requests: number;
    from_cache: number;
    prompt_tokens: number;
    reused_tokens: number;
    generated_tokens: number;
    total: { sum_ms: number };
  };
}

export function askStatus(client: LanguageClient): Promise<ServerStatus> {
  return client.sendRequest<ServerStatus>("fathom/status", {});
}

/** One line for each figure that a user may want to see. */
export function figures({ completions }: ServerStatus): { tokensPerSecond: number; fromCache: number; reused: number } {
  const part = (of: number, all: number) => (all > 0 ? of / all : 0);
  return {
    tokensPerSecond: part(completions.generated_tokens, completions.total.sum_ms / 1000),
    fromCache: part(completions.from_cache, completions.requests),
    reused: part(completions.reused_tokens, completions.prompt_tokens),
  };
}
