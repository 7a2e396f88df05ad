// Collects what the extension says into l10n/bundle.l10n.json, which translations (bundle.l10n.de.json, ...) are
// made from. Texts of the manifest are in package.nls.json.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

/** The text of every l10n.t("...", ...) below a folder. Errors: a call whose text is not a literal, with its place. */
export function collectTexts(folder) {
  const texts = new Set();
  for (const name of readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(".ts"))) {
    const source = ts.createSourceFile(name, readFileSync(path.join(folder, name), "utf8"), ts.ScriptTarget.Latest);
    const visit = (node) => {
      if (ts.isCallExpression(node) && node.expression.getText(source) === "l10n.t") {
        const text = node.arguments[0];
        if (!ts.isStringLiteralLike(text)) throw new Error(`${name}: l10n.t needs a literal: ${node.getText(source)}`);
        texts.add(text.text);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return [...texts].sort();
}

/** Writes the bundle of this extension. */
export function writeBundle(extension) {
  const texts = collectTexts(path.join(extension, "src"));
  mkdirSync(path.join(extension, "l10n"), { recursive: true });
  const bundle = Object.fromEntries(texts.map((text) => [text, text]));
  writeFileSync(path.join(extension, "l10n/bundle.l10n.json"), `${JSON.stringify(bundle, null, 2)}\n`);
}
