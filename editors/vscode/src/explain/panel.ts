import { l10n, Uri, ViewColumn, window, type Disposable, type WebviewPanel } from "vscode";
import { randomBytes } from "node:crypto";
import type { FromView, ToView } from "./answers";
import { viewHtml } from "./viewHtml";

/** The web view beside the code. Holds no state: it is told everything when it says that it is ready. */
export class Panel implements Disposable {
  private panel: WebviewPanel | undefined;

  constructor(
    private readonly extension: Uri,
    private readonly onMessage: (message: FromView) => void,
  ) {}

  /** Opens or uncovers it; the cursor stays in the code. */
  reveal(): void {
    if (this.panel) return this.panel.reveal(undefined, true);
    const resources = Uri.joinPath(this.extension, "dist");
    const panel = window.createWebviewPanel(
      "fathom.answers",
      l10n.t("fathom: answers"),
      { viewColumn: ViewColumn.Beside, preserveFocus: true },
      { enableScripts: true, localResourceRoots: [resources] },
    );
    this.panel = panel;
    panel.onDidDispose(() => (this.panel = undefined));
    panel.webview.onDidReceiveMessage(this.onMessage);
    const file = (name: string) => String(panel.webview.asWebviewUri(Uri.joinPath(resources, name)));
    panel.webview.html = viewHtml({
      script: file("answers.js"),
      style: file("style.css"),
      source: panel.webview.cspSource,
      nonce: randomBytes(16).toString("base64"),
    });
  }

  post(message: ToView): void {
    void this.panel?.webview.postMessage(message);
  }

  dispose(): void {
    this.panel?.dispose();
  }
}
