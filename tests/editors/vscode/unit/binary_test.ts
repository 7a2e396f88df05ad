import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { findBinary, isCompatible, type Search } from "../../../../editors/vscode/src/server/binary";

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "fathom-binary-"))));
afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, script: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

const find = (search: Partial<Search>) =>
  findBinary({ configured: "", searchPath: "", bundled: path.join(folder, "none"), wanted: "0.1.0", timeoutMs: 300, ...search });

test("takes the setting and nothing else", async () => {
  const file = program("mine", "echo fathom 0.1.4");
  const searchPath = path.dirname(program("bin/fathom", "echo fathom 0.1.0"));
  assert.deepEqual(await find({ configured: file, searchPath }), { path: file, version: "0.1.4", origin: "settings" });
  assert.deepEqual(await find({ configured: folder, searchPath }), { kind: "noSuchFile", path: folder });
});

test("goes on from an old one on the PATH to the bundled one", async () => {
  const old = program("bin/fathom", "echo fathom 0.0.9");
  const bundled = program("bundled", "echo fathom 0.1.0");
  const searchPath = `relative${path.delimiter}${path.dirname(old)}`;
  assert.deepEqual(await find({ searchPath, bundled }), { path: bundled, version: "0.1.0", origin: "bundled" });
  assert.deepEqual(await find({ searchPath }), { kind: "wrongVersion", path: old, version: "0.0.9", wanted: "0.1.0" });
});

test("says when there is none", async () => {
  assert.deepEqual(await find({ searchPath: folder }), { kind: "missing" });
});

test("tells what a program that is not fathom says", async () => {
  for (const [script, detail] of [
    ["echo hello", "hello"],
    ["echo no such option >&2; exit 2", "no such option"],
    ["sleep 5", "no answer to --version in 0.3 s"],
  ] as const) {
    const file = program("other", script);
    assert.deepEqual(await find({ configured: file }), { kind: "notFathom", path: file, detail });
  }
});

test("minor versions fit only after 1.0", () => {
  const cases: [string, string, boolean][] = [
    ["0.1.9", "0.1.0", true],
    ["0.2.0", "0.1.0", false],
    ["1.3.0", "1.1.0", true],
    ["2.0.0", "1.1.0", false],
  ];
  for (const [version, wanted, fits] of cases) assert.equal(isCompatible(version, wanted), fits, `${version} ${wanted}`);
});
