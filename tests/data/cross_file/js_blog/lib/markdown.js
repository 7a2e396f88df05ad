function renderInline(text) {
  return text.replace(/\*\*(.+?)\*\*/g, "<b>$1</b>").replace(/`(.+?)`/g, "<code>$1</code>");
}

function renderMarkdown(body) {
  return body
    .split(/\n\n+/)
    .map((paragraph) => `<p>${renderInline(paragraph)}</p>`)
    .join("\n");
}

module.exports = { renderMarkdown };
