const DELIMITER = "---";

function splitFrontMatter(source) {
  const end = source.indexOf(`\n${DELIMITER}`, DELIMITER.length);
  return [source.slice(DELIMITER.length, end), source.slice(end + DELIMITER.length + 1)];
}

function parseFrontMatter(source, { strict = false } = {}) {
  if (!source.startsWith(DELIMITER)) {
    if (strict) throw new Error("no front matter");
    return { attributes: {}, body: source };
  }
  const [head, body] = splitFrontMatter(source);
  const attributes = {};
  for (const line of head.split("\n")) {
    const [key, ...rest] = line.split(":");
    if (key.trim()) attributes[key.trim()] = rest.join(":").trim();
  }
  return { attributes, body };
}

module.exports = { parseFrontMatter };
