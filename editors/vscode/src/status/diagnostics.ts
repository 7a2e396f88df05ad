import { env, l10n, version, window, type ExtensionContext } from "vscode";
import * as os from "node:os";
import type { Connection } from "../server/connection";
import { describe } from "../server/problems";
import { hostName } from "./host";
import { askStatus } from "./serverStatus";

/** Puts what a bug report needs on the clipboard: versions, states and figures, no code. */
export async function copyDiagnostics(context: ExtensionContext, connection: Connection): Promise<void> {
  const { state, binary, client } = connection;
  const status = client ? await askStatus(client).catch((error: unknown) => String(error)) : undefined;
  const report = {
    extension: String(context.extension.packageJSON.version),
    editor: `${env.appName} ${version}`,
    host: hostName(),
    system: `${os.type()} ${os.release()} ${os.arch()}, ${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    program: binary ?? null,
    state: state.kind === "failed" ? describe(state.problem).message : state.kind,
    settings: connection.explicitSettings(),
    server: status ?? null,
  };
  await env.clipboard.writeText(`\`\`\`json\n${JSON.stringify(report, null, 2)}\n\`\`\`\n`);
  void window.showInformationMessage(l10n.t("The diagnostics are on the clipboard. They hold no code, but paths."));
}
