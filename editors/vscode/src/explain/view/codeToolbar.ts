type Action = "copy" | "insert" | "compare";

/** Buttons above each block of code of a finished answer. */
export function addToolbars(
  parent: HTMLElement,
  words: Record<string, string>,
  onAction: (action: Action, code: string) => void,
): void {
  for (const block of parent.querySelectorAll("pre")) {
    const toolbar = document.createElement("div");
    toolbar.className = "code-toolbar";
    toolbar.setAttribute("role", "toolbar");
    toolbar.setAttribute("aria-label", words["code"] ?? "");
    for (const action of ["copy", "insert", "compare"] as const) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset["action"] = action;
      button.textContent = words[action] ?? action;
      button.addEventListener("click", () => {
        onAction(action, block.textContent ?? "");
        if (action === "copy") button.textContent = words["copied"] ?? "";
      });
      toolbar.append(button);
    }
    block.tabIndex = 0; // scrolled by keys
    block.before(toolbar);
  }
}
