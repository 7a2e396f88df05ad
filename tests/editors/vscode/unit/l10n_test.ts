import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const extension = path.resolve(__dirname, "../.."); // of dist/tests

test("the texts of calls are collected, and one that is computed is an error", async () => {
  const { collectTexts } = await import(pathToFileURL(path.join(extension, "l10n.mjs")).href);
  const folder = mkdtempSync(path.join(tmpdir(), "fathom-l10n-"));
  try {
    writeFileSync(path.join(folder, "a.ts"), 'f(l10n.t("b {0}", l10n.t("a"))); other.t("c"); l10n.t("a");');
    assert.deepEqual(collectTexts(folder), ["a", "b {0}"]);
    writeFileSync(path.join(folder, "b.ts"), "l10n.t(`no ${literal}`);");
    assert.throws(() => collectTexts(folder), /b\.ts: l10n\.t needs a literal/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
