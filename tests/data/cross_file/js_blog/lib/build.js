const fs = require("fs");
const path = require("path");
const { parseFrontMatter } = require("./frontmatter");
const { renderMarkdown } = require("./markdown");
const { slugify } = require("./slug");

function buildPost(file) {
  const source = fs.readFileSync(file, "utf8");
  const { attributes, body } = parseFrontMatter($0
  return { title: attributes.title, slug: slugify(attributes.title), html: renderMarkdown(body) };
}

module.exports = { buildPost };
