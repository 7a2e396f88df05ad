// From a key to the ghost text in the frame that is painted, in the real VS Code with the extension and the daemon.
//
//   scripts/vscode.sh fetch && scripts/vscode.sh pack PACKAGE.vsix
//   FATHOM=PROGRAM FATHOM_VSIX=PACKAGE.vsix node bench/vscode_typing.mjs
//
// Types a function into a file, a key every 250 ms, and takes the time from each key to the end of the first
// frame in which a suggestion for the text as it is then is on the screen. Prints Markdown.

import { Editor, waitFor } from "../tests/editors/vscode/editor.mjs";
import { World, sleep, withModel } from "../tests/editors/vscode/world.mjs";

const kSource = `int add(int a, int b) {
  return a + b;
}

int sum(const std::vector<int>& values) {
  int total = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    total += values[i];
  }
  return total;
}`;
const kBetweenKeysMs = 250;

/** Runs in the page: the milliseconds of each key that got a suggestion, in window.keyTimes. */
function watch() {
  window.keyTimes = [];
  let began;
  document.addEventListener("keydown", () => (began = { at: performance.now(), frames: 0 }), true);
  const look = () => {
    const key = began;
    // In the first frame after a key the old suggestion may still be there.
    if (key && key.frames++ > 0 && document.querySelector(".ghost-text-decoration")) {
      began = undefined;
      requestAnimationFrame(() => window.keyTimes.push(performance.now() - key.at));
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

const percentile = (values, part) => values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(part * values.length) - 1)];

const world = new World({ settings: withModel() });
try {
  world.write("sum.cpp", "#include <vector>\n\n");
  await world.start();
  const editor = new Editor(await world.open());
  await editor.openFile("sum.cpp");
  await waitFor("the model", async () => (await editor.statusLabel()) === "fathom: ready");
  await editor.goto(3, 1);
  await editor.page.evaluate(watch);
  const keys = kSource.replaceAll(/\n */g, "\n");
  for (const key of keys) {
    if (key === "\n") await editor.keys.press("Enter");
    else await editor.keys.type(key);
    await sleep(kBetweenKeysMs);
  }
  const times = await editor.page.evaluate(() => window.keyTimes);
  const [median, late] = [0.5, 0.95].map((part) => percentile(times, part).toFixed(0));
  console.log(
    `a suggestion is shown at ${times.length} of ${keys.length} keys, after ${median} ms (median), ${late} ms (95th percentile)`,
  );
} finally {
  await world.end();
}
