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
    if (this.child.exitCode === null && this.child.signalCode === null)
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500))]);
  }

  endSoon(): void {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), kEndMs);
    this.child.once("exit", () => clearTimeout(timer));
    if (this.child.exitCode !== null) clearTimeout(timer);
  }
}
