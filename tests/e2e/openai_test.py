"""OpenAI's own client for JavaScript against `fathom serve --http`: openai_test.py FATHOM"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

CLIENT = pathlib.Path(__file__).parent / "openai"
TOKEN = "0123456789abcdef0123"

if not (CLIENT / "node_modules/openai").is_dir():
    print("skipped: the client is not installed; scripts/setup.sh installs it")
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    token = pathlib.Path(folder) / "token"
    token.write_text(TOKEN + "\n")
    names = ("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    with subprocess.Popen([sys.argv[1], "serve", "--http", "0", "--http-token-file", token], text=True,
                          env={**os.environ, **dict.fromkeys(names, folder)}, stdout=subprocess.PIPE) as daemon:
        try:
            port = re.search(r"http://localhost:(\d+)", daemon.stdout.readline())[1]
            status = subprocess.run(["node", CLIENT / "client.mjs", port, TOKEN], timeout=120).returncode
        finally:
            daemon.terminate()
sys.exit(status or daemon.returncode)
