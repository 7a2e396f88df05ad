"""Clients, disks and clocks that misbehave: daemon_hostile_test.py FATHOM CASE

Cases: bad_clients, full_disk, stopped_daemon, daemon_leaves, version, no_daemon. In each an honest
editor is served all the time. A longer run: FATHOM_TEST_GARBAGE_MB.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

from daemon_world import TYPED, Failure, Typist, World, resident_kb, setting, wait_for
from lsp_client import frame, run_case

MAX_GROWTH_KB = 256 * 1024  # what a client may cost: a message of 64 MiB, a few times


def connect(world):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(world.socket))
    return connection


def type_and_complete(typist):
    """A suggestion must come."""
    typist.type(TYPED[: TYPED.index("width * height") - 6])
    typist.complete()
    for key in "width":
        typist.type(key)
        typist.complete()
    if not typist.n_suggestions:
        raise Failure("nothing was suggested")


@contextlib.contextmanager
def honest_editor(world, *arguments):
    """One that is served before and after what happens inside."""
    client = world.door(*arguments)
    client.start()
    typist = Typist(client, "file:///p/honest.py")
    type_and_complete(typist)
    typist.n_suggestions = 0
    yield client, typist
    type_and_complete(typist)
    client.request("end", "shutdown")
    client.answer("end")
    client.notify("exit")
    if (code := client.finish()) != 0:
        raise Failure(f"exit code {code}")
    client.check_answers()


def bad_clients(binary):
    """Garbage, half a header, silence, and one that never reads what it asks for."""
    with World(binary) as world, honest_editor(world) as (_, typist):
        daemon = world.daemon()
        before = resident_kb(daemon)

        silent = connect(world)
        half = connect(world)
        half.send(b"Content-Length: 10")

        greedy = connect(world)
        greedy.settimeout(5)
        request = frame(b'{"jsonrpc":"2.0","id":1,"method":"unknown/method"}') * 1000
        sent = 0
        with contextlib.suppress(OSError):  # it is not read any more, or it was cut off
            while sent < 64 << 20:
                sent += greedy.send(request)

        garbage = connect(world)
        garbage.settimeout(30)
        chunk = os.urandom(1 << 20)
        sent = 0
        with contextlib.suppress(OSError):  # it was cut off
            while sent < setting("GARBAGE_MB", 100) << 20:
                sent += garbage.send(chunk)
        body = connect(world)
        body.settimeout(30)
        with contextlib.suppress(OSError):
            body.send(b"Content-Length: 67108864\r\n\r\n")
            for _ in range(63):
                body.sendall(chunk)

        typist.complete()
        growth = resident_kb(daemon) - before
        print(f"{sent >> 20} MB of garbage sent; the daemon grew by {growth} kB")
        if growth > MAX_GROWTH_KB:
            raise Failure(f"the daemon grew by {growth} kB")
        for connection in (silent, half, greedy, garbage, body):
            connection.close()
        if world.daemon() != daemon:
            raise Failure("the daemon is another one than before")


def full_disk(binary):
    """Folders without any room: the editor is served, by whomever."""
    script = (
        'mount -t tmpfs -o size=4k,nr_inodes=2 none "$1" && head -c 100000 /dev/zero > "$1/full" '
        '2>/dev/null; shift; exec "$@"'
    )
    probe = subprocess.run(
        ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs none "$1"', "sh", tempfile.gettempdir()],
        check=False,
        stderr=subprocess.DEVNULL,
    )
    if probe.returncode != 0:
        print("skipped: this machine does not let a user mount a file system")
        sys.exit(77)
    for full in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        with World(binary) as world:
            prefix = ["unshare", "-rm", "sh", "-c", script, "sh", world.env[full]]
            client = world.door(prefix=prefix)
            client.start()
            type_and_complete(Typist(client, "file:///p/a.py"))
            client.request("end", "shutdown")
            client.answer("end")
            client.notify("exit")
            if (code := client.finish()) != 0:
                raise Failure(f"{full} is full: exit code {code}")
            client.check_answers()
            print(f"{full} is full: {len(world.daemons())} daemon(s)")


def stopped_daemon(binary):
    """The daemon stands still for a while, as when a machine sleeps: nobody minds."""
    with World(binary) as world, honest_editor(world) as (client, typist):
        daemon = world.daemon()
        os.kill(daemon, signal.SIGSTOP)
        typist.type("\n")
        client.request("late", "textDocument/inlineCompletion", {
            "textDocument": {"uri": typist.uri},
            "position": {"line": 0, "character": 0},
            "context": {"triggerKind": 1},
        })
        time.sleep(2)
        os.kill(daemon, signal.SIGCONT)
        client.answer("late")
        if world.daemon() != daemon:
            raise Failure("the daemon is another one than before")


def daemon_leaves(binary):
    """A daemon leaves when nobody is there; the next editor starts another one."""
    with World(binary) as world:
        first = world.serve("--idle-exit", "0.05")
        with honest_editor(world):
            pass
        if (code := first.wait(60)) != 0:
            raise Failure(f"the daemon left with exit code {code}")
        with honest_editor(world):
            if world.daemon() == first.pid:
                raise Failure("the first daemon is still there")


def version(binary):
    """A daemon of another version is left alone, and the user is told."""
    with World(binary) as world:
        fake = socket.socket(socket.AF_UNIX)
        world.socket.parent.mkdir(mode=0o700)
        fake.bind(str(world.socket))
        fake.listen()
        client = world.door()
        client.request("start", "initialize")
        connection, _ = fake.accept()
        connection.recv(65536)
        answer = (
            b'{"jsonrpc":"2.0","id":"fathom/door","result":{"capabilities":{},'
            b'"serverInfo":{"name":"fathom","version":"0.0.0"}}}'
        )
        connection.sendall(frame(answer))
        client.answer("start")
        client.notify("initialized")
        shown = client.expect({"method": "window/showMessage", "params": {"type": 2}})
        if "0.0.0" not in shown["params"]["message"]:
            raise Failure(f"the version is not named: {shown}")
        client.expect({"method": "window/logMessage", "params": {"message": "<re:ready>"}})
        type_and_complete(Typist(client, "file:///p/a.py"))
        client.finish()
        client.check_answers()


def no_daemon(binary):
    """Where no daemon can be had, the editor is served by its own process and told why."""
    with World(binary) as world:
        client = world.door("--socket", str(world.folder / "absent" / "socket"))
        client.start()
        shown = client.expect({"method": "window/showMessage", "params": {"type": 2}})
        if "daemon" not in shown["params"]["message"]:
            raise Failure(f"the reason is not named: {shown}")
        type_and_complete(Typist(client, "file:///p/a.py"))
        client.finish()
        client.check_answers()


run_case(globals())
