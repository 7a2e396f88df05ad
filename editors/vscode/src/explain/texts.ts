import { Uri, workspace, type Disposable } from "vscode";

export const kScheme = "fathom-view";
const kKept = 20;

/** Read-only documents that exist only to be compared with. */
export class Texts implements Disposable {
  private readonly texts = new Map<string, string>();
  private readonly registration: Disposable;
  private count = 0;

  constructor() {
    this.registration = workspace.registerTextDocumentContentProvider(kScheme, {
      provideTextDocumentContent: (uri) => this.texts.get(uri.path) ?? "",
    });
  }

  /** `name` decides the language. The oldest ones are forgotten. */
  add(name: string, text: string): Uri {
    const path = `/${++this.count}/${name}`;
    this.texts.set(path, text);
    for (const oldest of this.texts.keys()) {
      if (this.texts.size <= kKept) break;
      this.texts.delete(oldest);
    }
    return Uri.from({ scheme: kScheme, path });
  }

  dispose(): void {
    this.registration.dispose();
  }
}
