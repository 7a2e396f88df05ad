import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { Restarts } from "../../../../editors/vscode/src/server/restarts";
import { explicitSettings, serverKeys, wrongTypes } from "../../../../editors/vscode/src/server/settings";

interface Property {
  default: unknown;
  description?: string;
  markdownDescription?: string;
}

const root = path.resolve(__dirname, "../../../.."); // of editors/vscode/dist/tests
const read = (name: string) => readFileSync(path.join(root, name), "utf8");
const manifest = JSON.parse(read("editors/vscode/package.json"));
const words = JSON.parse(read("editors/vscode/package.nls.json"));
const groups: { properties: Record<string, Property> }[] = manifest.contributes.configuration;
const properties = Object.assign({}, ...groups.map((group) => group.properties)) as Record<string, Property>;

test("every setting of the server is documented, with the same default", () => {
  const table = new Map([...read("docs/configuration.md").matchAll(/^\| `([\w.]+)` \| `(.*?)` \|.*\| yes \|$/gm)].map((row) => [row[1], row[2]]));
  for (const key of serverKeys(Object.keys(properties))) {
    const documented = table.get(key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    const value = properties[`fathom.${key}`]?.default;
    assert.equal(documented, JSON.stringify(Array.isArray(value) ? value.join(" ") : value), key);
  }
});

test("every word that the manifest refers to exists, and every one is used", () => {
  const used = new Set([...JSON.stringify(manifest).matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]));
  assert.deepEqual([...used].sort(), Object.keys(words).sort());
  for (const property of Object.values(properties)) assert.ok(property.description ?? property.markdownDescription);
});

test("only what somebody has set is sent", () => {
  const set: Record<string, object> = {
    "completion.maxTokens": { defaultValue: 0, globalValue: 5, workspaceValue: 7 },
    "completion.enabled": { defaultValue: true },
    "explain.maxAnswerTokens": { globalValue: "many" }, // the server says what is wrong with it
  };
  assert.deepEqual(serverKeys(["fathom.client.path", "fathom.trace.server", "fathom.a.b"]), ["a.b"]);
  assert.deepEqual(explicitSettings(Object.keys(set), (key) => set[key]), {
    "completion.maxTokens": 7,
    "explain.maxAnswerTokens": "many",
  });
});

test("names settings of a wrong type", () => {
  assert.deepEqual(
    wrongTypes([["a", 7, "string"], ["b", "x", "string"], ["c", ["x", 7], "strings"], ["d", [], "strings"]]),
    ["a", "c"],
  );
});

test("a server that ends again and again is not started for ever", () => {
  const restarts = new Restarts(2, 1000);
  assert.deepEqual([0, 10, 20, 1005, 1006].map((now) => restarts.mayRestart(now)), [true, true, false, true, false]);
});
