import { spawn, type ChildProcess } from "node:child_process";
import * as os from "node:os";
import { createInterface } from "node:readline";

const kKeptLines = 20;
const kEndMs = 3000; // a server that was told to end and has not is ended

/** `fathom lsp` as a child: its last words, and the certainty that it ends. */
export class ServerProcess {
  private readonly lines: string[] = [];
  private ended: string | undefined;

  private constructor(readonly child: ChildProcess) {
    child.on("exit", (code, signal) => (this.ended = signal ? `ended by ${signal}` : `exit code ${code}`));
  }

  /** Errors: the reason why the program cannot be started. */
  static start(file: string, args: string[], onLine: (line: string) => void): Promise<ServerProcess> {
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, { cwd: os.homedir(), stdio: "pipe", windowsHide: true });
      const server = new ServerProcess(child);
      child.once("error", reject);
      child.once("spawn", () => resolve(server));
      child.stdin.on("error", () => undefined); // it is gone; who reads its output is told so
      createInterface({ input: child.stderr }).on("line", (line) => {
        server.lines.push(line);
        if (server.lines.length > kKeptLines) server.lines.shift();
        onLine(line);
      });
    });
  }

  /** Why it ended, for people. */
  get lastWords(): string {
    return [this.ended, this.lines.at(-1)].filter(Boolean).join(": ");
  }

  /** Waits for the output to be read to its end, as far as it comes soon. */
  async settled(): Promise<void> {
    const closed = new Promise((resolve) => this.child.once("close", resolve));
    if (!this.hasEnded)
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500))]);
  }

  /** After it was told to end. */
  endSoon(): void {
    if (this.hasEnded) return;
    const timer = setTimeout(() => this.kill(), kEndMs);
    this.child.once("exit", () => clearTimeout(timer));
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  /** By us: nobody needs to be told. */
  get wasKilled(): boolean {
    return this.child.killed;
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
