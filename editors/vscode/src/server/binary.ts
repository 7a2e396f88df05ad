// Finds the program and checks that it is one we can talk to. Runs nothing but `--version`.

import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";

export interface Search {
  configured: string; // of the settings; "" if not set. Then nothing else is tried.
  searchPath: string; // PATH
  bundled: string; // where a platform's package carries it; need not exist
  wanted: string; // version of this extension
  timeoutMs: number;
}

export interface Binary {
  path: string;
  version: string;
  origin: "settings" | "PATH" | "bundled";
}

export type BinaryProblem =
  | { kind: "missing" } // neither on the PATH nor bundled
  | { kind: "noSuchFile"; path: string } // the settings name it
  | { kind: "notFathom"; path: string; detail: string } // does not start, or says something else
  | { kind: "wrongVersion"; path: string; version: string; wanted: string };

type Origin = Binary["origin"];

/** The first that fits, or what is wrong with the first that there is. */
export async function findBinary(search: Search): Promise<Binary | BinaryProblem> {
  let problem: BinaryProblem | undefined;
  for (const [file, origin] of candidates(search)) {
    if (!(await isProgram(file))) {
      if (origin === "settings") return { kind: "noSuchFile", path: file };
      continue;
    }
    const result = await check(file, origin, search);
    if (!("kind" in result)) return result;
    problem ??= result;
  }
  return problem ?? { kind: "missing" };
}

/** The protocol may change with the minor version as long as the major one is 0. */
export function isCompatible(version: string, wanted: string): boolean {
  const [major, minor] = version.split(".");
  const [wantedMajor, wantedMinor] = wanted.split(".");
  return major === wantedMajor && (major !== "0" || minor === wantedMinor);
}

function candidates(search: Search): [string, Origin][] {
  if (search.configured) return [[expandHome(search.configured), "settings"]];
  const folders = search.searchPath.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const name = process.platform === "win32" ? "fathom.exe" : "fathom";
  return [
    ...folders.map((folder): [string, Origin] => [path.join(folder, name), "PATH"]),
    [search.bundled, "bundled"],
  ];
}

function expandHome(file: string): string {
  return file === "~" || file.startsWith("~/") ? path.join(os.homedir(), file.slice(1)) : file;
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

async function check(file: string, origin: Origin, search: Search): Promise<Binary | BinaryProblem> {
  const said = await versionLine(file, search.timeoutMs);
  const version = /^fathom (\d+\.\d+\.\d+\S*)/.exec(said)?.[1];
  if (!version) return { kind: "notFathom", path: file, detail: said };
  if (!isCompatible(version, search.wanted))
    return { kind: "wrongVersion", path: file, version, wanted: search.wanted };
  return { path: file, version, origin };
}

/** What `--version` prints, or why it cannot be run. */
function versionLine(file: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    execFile(file, ["--version"], { timeout: timeoutMs, maxBuffer: 1 << 16 }, (error, out, err) => {
      if (!error) resolve(firstLine(out));
      else if (error.killed) resolve(`no answer to --version in ${timeoutMs / 1000} s`);
      else resolve(firstLine(err) || firstLine(error.message));
    });
  });
}

function firstLine(text: string): string {
  return text.trim().split(/\r?\n/, 1)[0]?.slice(0, 200) ?? "";
}
