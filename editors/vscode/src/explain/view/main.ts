// Shows one answer while it is written, and those before it.

import { append, isRunning, type Answer, type FromView, type Summary, type ToView } from "../answers";
import { addToolbars } from "./codeToolbar";
import { render } from "./render";

declare function acquireVsCodeApi(): { postMessage(message: FromView): void };

const vscode = acquireVsCodeApi();
const words = JSON.parse(document.body.dataset["words"] ?? "{}") as Record<string, string>;
const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const [history, answerNow, stop] = [element<HTMLSelectElement>("history"), element("answer-now"), element("stop")];

let shown: Answer | undefined;
let isDirty = false;

window.addEventListener("message", ({ data }: MessageEvent<ToView>) => {
  if (data.type === "show") show(data.answer, data.all);
  if (data.type === "delta" && data.id === shown?.id) {
    append(shown, data.channel, data.text, Date.now());
    drawSoon();
  }
  if (data.type === "end" && data.answer.id === shown?.id) {
    shown = data.answer;
    draw();
  }
});

history.addEventListener("change", () => vscode.postMessage({ type: "select", id: history.value }));
element("clear").addEventListener("click", () => vscode.postMessage({ type: "clear" }));
answerNow.addEventListener("click", () => shown && vscode.postMessage({ type: "answerNow", id: shown.id }));
stop.addEventListener("click", () => shown && vscode.postMessage({ type: "stop", id: shown.id }));
element("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = element<HTMLInputElement>("question");
  if (shown && field.value.trim()) vscode.postMessage({ type: "ask", id: shown.id, question: field.value.trim() });
  field.value = "";
});
window.setInterval(() => shown && isRunning(shown) && drawPhase(shown), 200);
vscode.postMessage({ type: "ready" });

function show(answer: Answer | undefined, all: Summary[]): void {
  shown = answer;
  history.replaceChildren(...all.map(({ id, title }) => new Option(title, id, false, id === answer?.id)));
  element("ask").hidden = answer === undefined;
  element<HTMLDetailsElement>("reasoning").open = false;
  draw();
}

/** At most once a frame, however many tokens arrive. */
function drawSoon(): void {
  if (isDirty) return;
  isDirty = true;
  requestAnimationFrame(draw);
}

function draw(): void {
  isDirty = false;
  const answer = element("answer");
  if (!shown) {
    answer.replaceChildren();
    element("reasoning").hidden = true;
    element("running").hidden = true;
    element("phase").textContent = element("problem").textContent = "";
    return;
  }
  element("title").textContent = shown.title;
  element("reasoning").hidden = shown.reasoning === "";
  element("reasoning-text").textContent = shown.reasoning;
  answer.setAttribute("aria-busy", String(isRunning(shown)));
  answer.innerHTML = render(shown.answer);
  if (!isRunning(shown)) addToolbars(answer, words, (type, code) => vscode.postMessage({ type, id: shown!.id, code }));
  element("problem").textContent = shown.problem;
  drawPhase(shown);
}

function drawPhase(answer: Answer): void {
  const { phase } = answer;
  element("running").hidden = !isRunning(answer);
  answerNow.hidden = phase === "answer";
  const isWriting = phase === "reasoning" || phase === "answer";
  const text = isWriting ? "" : (words[phase] ?? "");
  if (element("phase").textContent !== text) element("phase").textContent = text;
  const ms = phase === "reasoning" ? Date.now() - answer.startedMs : answer.reasoningMs;
  element("reasoning-summary").textContent =
    `${words["reasoning"]} \u00b7 ${(ms / 1000).toFixed(1)} s \u00b7 ${answer.reasoningTokens} ${words["tokens"]}`;
}
