"""Every message of the transcripts has the types of the protocol's own package.

  protocol_types_test.py FATHOM NODE_MODULES

Plays each transcript and hands what the server sent to check_types.js. What the protocol does not
have must be in docs/lsp-extensions.md. Exit code 77: the package is not there, so nothing was
checked.
"""

import copy
import json
import pathlib
import re
import subprocess
import sys

import play_transcript
from lsp_client import Failure

HERE = pathlib.Path(__file__).parent
DOCUMENTED = (HERE / "../../docs/lsp-extensions.md").read_text(encoding="utf-8")


def without_extensions(params):
    """Members that docs/lsp-extensions.md adds to the protocol's own types."""
    params = copy.deepcopy(params)
    value = params.get("value") if isinstance(params, dict) else None
    if isinstance(value, dict):
        value.pop("fathom", None)
    return params


def values_of(name, client):
    """What the server sent, as check_types.js wants it."""
    for message in client.all_received:
        if message.get("jsonrpc") != "2.0":
            raise Failure(f"{name}: no JSON-RPC 2.0: {message}")
        if "method" in message:
            where = f"{name}: {message['method']}"
            value = without_extensions(message.get("params"))
            yield {"where": where, "method": message["method"], "part": "params", "value": value}
        elif "error" in message:
            error = message["error"]
            if not isinstance(error["code"], int) or not isinstance(error["message"], str):
                raise Failure(f"{name}: no ResponseError: {error}")
        elif method := client.methods.get(message["id"]):
            where = f"{name}: result of {method}"
            yield {"where": where, "method": method, "part": "result", "value": message["result"]}
        else:
            raise Failure(f"{name}: an answer to no request: {message}")


def run_checker(values, modules):
    """The lines that check_types.js prints."""
    process = subprocess.run(
        ["node", HERE / "check_types.js", modules],
        input="".join(json.dumps(value) + "\n" for value in values),
        capture_output=True,
        text=True,
    )
    if process.returncode != 0:
        raise Failure(process.stderr)
    return sorted(set(process.stdout.splitlines()))


def check(values, modules):
    """Problems, one a line."""
    for line in run_checker(values, modules):
        method = line.removeprefix("unknown ")
        if method == line or f"`{method}`" not in DOCUMENTED:
            yield line


def names_in_code():
    """Methods and commands that the server's sources name."""
    root = HERE / "../../lsp"
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.cpp")))
    methods = re.findall(r'\bon\(session, "([^"]+)"', code)
    methods += re.findall(r'\b(?:notify|request|request_result)\(\s*"([^"]+)"', code)
    commands = re.findall(r'"(fathom\.\w+)"', (root / "commands.h").read_text(encoding="utf-8"))
    return set(methods), set(commands)


def check_documentation(modules):
    """docs/lsp-extensions.md lists exactly what is not the protocol's."""
    methods, commands = names_in_code()
    unknown = {line.removeprefix("unknown ") for line in
               run_checker(({"method": method} for method in methods), modules)}
    table = DOCUMENTED.split("\n## All of them\n")[1].split("\n## ")[0]
    listed = set()
    for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        listed |= set(re.findall(r"`([^`]+)`", row))
    wrong = [f"{name} is not in docs/lsp-extensions.md" for name in (unknown | commands) - listed]
    wrong += [f"docs/lsp-extensions.md lists {name}, which the code does not have"
              for name in listed - unknown - commands]
    if len(methods) < 20 or not commands:
        wrong.append(f"the sources cannot be read any more: {methods}, {commands}")
    if wrong:
        raise Failure("\n".join(sorted(wrong)))


# The checker must find these, or it finds nothing.
WRONG = [
    {"method": "textDocument/inlineCompletion", "part": "result", "value": {"items": [{}]}},
    {"method": "window/showMessage", "part": "params", "value": {"type": 9, "message": ""}},
    {"method": "window/logMessage", "part": "params", "value": {"type": 3, "message": "", "x": 1}},
    {"method": "$/progress", "part": "params", "value": {"token": 1, "value": {"kind": "middle"}}},
    {"method": "shutdown", "part": "result", "value": 1},
    {"method": "workspace/applyEdit", "part": "params", "value": {"edit": {"changes": [1]}}},
]
RIGHT = [
    {"method": "textDocument/inlineCompletion", "part": "result", "value": {"items": []}},
    {"method": "shutdown", "part": "result", "value": None},
]


def main():
    binary, modules = sys.argv[1:]
    if not (pathlib.Path(modules) / "typescript").is_dir():
        print(f"skipped: no TypeScript in {modules}; scripts/setup.sh installs it")
        return 77
    try:
        samples = [{"where": f"sample {i}", **sample} for i, sample in enumerate(WRONG + RIGHT)]
        found = " ".join(check(samples, modules))
        for i in range(len(samples)):
            if (f"sample {i}:" in found) != (i < len(WRONG)):
                raise Failure(f"the checker is wrong about sample {i}; it found: {found}")
        check_documentation(modules)
        values = []
        for transcript in sorted((HERE / "transcripts").glob("*.jsonl")):
            values += values_of(transcript.stem, play_transcript.play_all(binary, transcript))
        if problems := list(check(values, modules)):
            raise Failure("\n".join(problems))
    except Failure as failure:
        sys.exit(str(failure))
    print(f"{len(values)} messages have the protocol's types")
    return 0


sys.exit(main())
