import { l10n } from "vscode";

interface Sources {
  script: string;
  style: string;
  source: string; // what the web view's own files come from
  nonce: string;
}

/** Nothing comes from anywhere else: no images, fonts, frames or connections, and one script. */
export function viewHtml({ script, style, source, nonce }: Sources): string {
  const policy = `default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'`;
  const words = {
    reasoning: l10n.t("Reasoning"),
    tokens: l10n.t("tokens"),
    copy: l10n.t("Copy"),
    copied: l10n.t("Copied"),
    insert: l10n.t("Insert"),
    compare: l10n.t("Compare"),
    code: l10n.t("Code block"),
    waiting: l10n.t("Waiting for the model"),
    stopped: l10n.t("Stopped"),
    failed: l10n.t("Failed"),
    done: l10n.t("Done"),
  };
  const data = escape(JSON.stringify(words));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>fathom</title>
</head>
<body data-words="${data}">
<header>
<label for="history">${escape(l10n.t("Answers"))}</label>
<select id="history"></select>
<button id="clear" type="button">${escape(l10n.t("Clear"))}</button>
</header>
<main>
<h1 id="title">${escape(l10n.t("Nothing asked yet"))}</h1>
<p id="phase" role="status"></p>
<div id="running" role="toolbar" aria-label="${escape(l10n.t("While the model writes"))}" hidden>
<button id="answer-now" type="button">${escape(l10n.t("Answer now"))}</button>
<button id="stop" type="button">${escape(l10n.t("Stop"))}</button>
</div>
<details id="reasoning" hidden><summary id="reasoning-summary"></summary><div id="reasoning-text"></div></details>
<article id="answer" aria-live="polite"></article>
<p id="problem" role="alert"></p>
</main>
<form id="ask">
<label for="question">${escape(l10n.t("Ask about the same code"))}</label>
<input id="question" type="text" autocomplete="off">
<button type="submit">${escape(l10n.t("Ask"))}</button>
</form>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
