import * as path from "node:path";
import { commands, EventEmitter, workspace, type Disposable, type ExtensionContext, type LogOutputChannel } from "vscode";
import type { LanguageClient, LanguageClientOptions, Middleware } from "vscode-languageclient/node";
import { findBinary, type Binary } from "./binary";
import { showProblem, type Problem } from "./problems";
import { Restarts } from "./restarts";
import { ServerMessages, type ModelStatus } from "./serverMessages";
import { ServerProcess } from "./serverProcess";
import { explicitSettings, serverKeys, wrongTypes } from "./settings";

// Loaded when the first server starts: it takes longer than everything else in the extension's start.
type Library = typeof import("vscode-languageclient/node");

const kCheckMs = 5000; // for `--version`
const kSlowSeconds = 10; // to answer `initialize`; the model loads afterwards

export type State =
  | { kind: "stopped" }
  | { kind: "starting" }
  | { kind: "running"; model: ModelStatus }
  | { kind: "failed"; problem: Problem };

/**
 * The language server: found, checked, started, started again when it ends, and told the settings.
 * At most one at a time. Whatever goes wrong ends as one message and as a state.
 */
export class Connection implements Disposable {
  private readonly changed = new EventEmitter<State>();
  readonly onDidChangeState = this.changed.event;

  private current: State = { kind: "stopped" };
  private running: LanguageClient | undefined;
  private found: Binary | undefined;
  private server: ServerProcess | undefined;
  private turn: Promise<void> = Promise.resolve(); // starting and stopping, one after the other
  private readonly restarts = new Restarts();
  private readonly keys: string[];

  constructor(
    private readonly context: ExtensionContext,
    readonly log: LogOutputChannel,
    private readonly middleware: (connection: Connection) => Middleware,
    private readonly onClient: (client: LanguageClient) => void,
  ) {
    this.keys = serverKeys(settingNames(context));
    context.subscriptions.push(
      workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration("fathom")) return;
        if (event.affectsConfiguration("fathom.client")) void this.restart();
        else this.tellSettings();
      }),
    );
  }

  get state(): State {
    return this.current;
  }

  /** Answers requests; undefined while it does not. */
  get client(): LanguageClient | undefined {
    return this.current.kind === "running" ? this.running : undefined;
  }

  /** The same once a start that is under way has ended. */
  async whenStarted(): Promise<LanguageClient | undefined> {
    await this.turn;
    return this.client;
  }

  /** Whether suggestions can be had at once. */
  get hasModel(): boolean {
    return this.current.kind === "running" && this.current.model.kind === "Normal" && !this.current.model.busy;
  }

  get binary(): Binary | undefined {
    return this.found;
  }

  start(): Promise<void> {
    return this.inTurn(async () => {
      if (!this.running) await this.tryStart();
    });
  }

  restart(): Promise<void> {
    // One that hangs in its start would keep its turn.
    if (this.current.kind === "starting") this.server?.kill();
    return this.inTurn(async () => {
      await this.tryStop();
      this.restarts.forget();
      await this.tryStart();
    });
  }

  dispose(): void {
    void this.inTurn(() => this.tryStop());
    this.changed.dispose();
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(work).catch((error: unknown) => this.log.error(String(error)));
    return this.turn;
  }

  private async tryStart(): Promise<void> {
    this.enter({ kind: "starting" });
    const settings = workspace.getConfiguration("fathom");
    const configured = settings.get<unknown>("client.path");
    const model = settings.get<unknown>("client.model");
    const further = settings.get<unknown>("client.arguments");
    const wrong = wrongTypes([
      ["fathom.client.path", configured, "string"],
      ["fathom.client.model", model, "string"],
      ["fathom.client.arguments", further, "strings"],
    ]);
    if (wrong.length > 0) void showProblem({ kind: "settings", names: wrong });

    const binary = await findBinary({
      configured: typeof configured === "string" ? configured.trim() : "",
      searchPath: process.env["PATH"] ?? "",
      bundled: path.join(this.context.extensionPath, "bin", process.platform === "win32" ? "fathom.exe" : "fathom"),
      wanted: String(this.context.extension.packageJSON.version),
      timeoutMs: kCheckMs,
    });
    if ("kind" in binary) return this.fail(binary);
    this.found = binary;
    this.log.info(`fathom ${binary.version} (${binary.origin}): ${binary.path}`);

    const args = ["lsp"];
    if (typeof model === "string" && model.trim()) args.push("--model", model.trim());
    if (!wrong.includes("fathom.client.arguments")) args.push(...(further as string[]));
    await this.connect(binary.path, args);
  }

  private async connect(file: string, args: string[]): Promise<void> {
    const library = await import("vscode-languageclient/node");
    const options = this.options(library);
    const client = new library.LanguageClient("fathom", "fathom", () => this.spawn(file, args), options);
    const messages = new ServerMessages(client, this.log, (model) => {
      if (this.running === client) this.enter({ kind: "running", model });
    });
    const slow = setTimeout(() => void showProblem({ kind: "slow", seconds: kSlowSeconds }), kSlowSeconds * 1000);
    try {
      this.onClient(client);
      await client.start();
      this.running = client;
      this.enter({ kind: "running", model: messages.model });
    } catch (error) {
      if (this.server?.wasKilled) return this.enter({ kind: "stopped" });
      await this.server?.settled();
      this.log.error(String(error));
      this.fail({ kind: "crashed", detail: this.server?.lastWords || String(error) });
    } finally {
      clearTimeout(slow);
    }
  }

  private async spawn(file: string, args: string[]) {
    this.server = await ServerProcess.start(file, args, (line) => this.log.info(line));
    return this.server.child;
  }

  private options({ RevealOutputChannelOn, ErrorAction, CloseAction }: Library): LanguageClientOptions {
    const middleware = this.middleware(this);
    const answerSettings = () => [this.explicitSettings()];
    return {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: () => this.explicitSettings(),
      initializationFailedHandler: () => false, // start() fails with the reason
      middleware: { ...middleware, workspace: { ...middleware.workspace, configuration: answerSettings } },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => {
          const action = this.startsAgain() ? CloseAction.Restart : CloseAction.DoNotRestart;
          return { action, handled: true };
        },
      },
    };
  }

  /** After the server has ended by itself: whether it is started once more. Else its user is told. */
  private startsAgain(): boolean {
    if (this.current.kind !== "running") return false;
    const reason = this.server?.lastWords ?? "";
    if (this.restarts.mayRestart(Date.now())) {
      this.log.warn(`fathom ended (${reason}) and is started again`);
      return true;
    }
    this.running = undefined;
    this.fail({ kind: "crashed", detail: reason });
    return false;
  }

  private async tryStop(): Promise<void> {
    const client = this.running;
    this.running = undefined;
    this.server?.endSoon();
    this.server = undefined;
    if (client) await client.dispose().catch((error: unknown) => this.log.warn(String(error)));
    this.enter({ kind: "stopped" });
  }

  private tellSettings(): void {
    void this.client?.sendNotification("workspace/didChangeConfiguration", { settings: { fathom: this.explicitSettings() } });
  }

  explicitSettings(): Record<string, unknown> {
    const settings = workspace.getConfiguration("fathom");
    return explicitSettings(this.keys, (key) => settings.inspect(key));
  }

  private fail(problem: Problem): void {
    this.enter({ kind: "failed", problem });
    void showProblem(problem);
  }

  private enter(state: State): void {
    this.current = state;
    void commands.executeCommand("setContext", "fathom.running", state.kind === "running");
    this.changed.fire(state);
  }
}

function settingNames(context: ExtensionContext): string[] {
  const groups = context.extension.packageJSON.contributes.configuration as { properties: object }[];
  return groups.flatMap((group) => Object.keys(group.properties));
}
