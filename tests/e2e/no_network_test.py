"""Nothing leaves the machine: no_network_test.py FATHOM CASE

Cases: namespace: a whole session where no network is, not even loopback. strace: no socket of the
Internet's kind is ever made, by the door, the daemon or a process without one.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

from daemon_world import Failure, Typist, World
from lsp_client import run_case

TEXT = "def area(width, height):\n    return "


def play(client, at_end=lambda: None):
    client.start()
    typist = Typist(client, "file:///p/a.py")
    typist.type(TEXT)
    typist.complete()
    typist.type("w")
    if not typist.complete():
        raise Failure("nothing was suggested")
    if "error" in (answer := typist.explain()):
        raise Failure(f"an explanation failed: {answer['error']}")
    client.request("end", "shutdown")
    client.answer("end")
    client.notify("exit")
    at_end()
    if (code := client.finish()) != 0:
        raise Failure(f"exit code {code}")
    client.check_answers()


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def is_possible(command):
    if not shutil.which(command[0]):
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def namespace(binary):
    if not is_possible(["unshare", "-rn", "true"]):
        skip("this machine does not let a user make a network namespace")
    with World(binary) as world:
        play(world.door(prefix=["unshare", "-rn"]))
        world.daemon()  # it was the daemon that served, and it runs in there, too


def strace(binary):
    if not is_possible(["strace", "-o", os.devnull, "true"]):
        skip("strace is absent or may not trace")
    with World(binary) as world:
        for mode in ([], ["--standalone"]):
            record = world.folder / f"calls{len(mode)}"
            prefix = ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(record)]
            # strace follows the daemon, too, and ends after it.
            end_daemon = lambda: os.kill(world.daemon(), signal.SIGTERM)
            play(world.door(*mode, prefix=prefix), (lambda: None) if mode else end_daemon)
            families = set(re.findall(r"socket(?:pair)?\((\w+)", pathlib.Path(record).read_text()))
            print(f"fathom lsp {' '.join(mode)}: sockets of {sorted(families)}")
            if not families <= {"AF_UNIX"}:
                raise Failure(f"sockets of {families} were made")
            if not mode and not families:
                raise Failure("no socket was seen, not even that of the daemon")


run_case(globals())
