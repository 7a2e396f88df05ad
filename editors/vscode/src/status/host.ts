import { env, l10n } from "vscode";
import * as os from "node:os";

/** Where the engine runs: the host of the workspace, which need not be where the window is. */
export function hostName(): string {
  return env.remoteName ? l10n.t("{0} ({1})", os.hostname(), env.remoteName) : os.hostname();
}
