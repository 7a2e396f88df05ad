"""What happens to a daemon from outside: daemon_faults_test.py FATHOM CASE

Cases: overwritten_model, truncated_load, no_memory, removed_socket, removed_folder, own_settings.
In each the daemon lives, says what is wrong, and serves whoever it can.
"""

import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import time

from daemon_world import TYPED, Failure, Typist, World, virtual_bytes, wait_for
from lsp_client import run_case

NANO = pathlib.Path("models/nano/fathom-nano.gguf")
PREFIX = TYPED[: TYPED.index("width * height")]  # a suggestion makes sense behind it


def status_of(world):
    run = subprocess.run(
        [world.binary, "status", "--json"], env=world.env, capture_output=True, timeout=60, check=False
    )
    return json.loads(run.stdout)


def model_of(world):
    return status_of(world)["models"][0]


def settled_model_of(world):
    """The model for completions once its load has ended, one way or the other."""
    return wait_for(
        "the end of a load", lambda: (m := model_of(world))["state"] in ("ready", "failed") and m
    )


def greet(client, params=None):
    client.request("start", "initialize", params)
    client.answer("start")
    client.notify("initialized")
    return client


def ask_without_model(client, uri="file:///p/a.py"):
    """An editor without a model gets no suggestion, and at once."""
    typist = Typist(client, uri)
    typist.type(PREFIX)
    if typist.complete():
        raise Failure("something was suggested without a model")


def overwritten_model(binary):
    """A model that is loaded does not need its file any more, whatever becomes of it."""
    for harm in ("replaced", "truncated"):
        with World(binary) as world:
            model = world.folder / "model.gguf"
            shutil.copy(NANO, model)
            daemon = world.serve("--model", str(model))
            client = world.door("--model", str(model))
            client.start()
            if harm == "replaced":
                (world.folder / "new").write_bytes(b"no model")
                os.replace(world.folder / "new", model)
            else:
                os.truncate(model, 1000)
            typist = Typist(client, "file:///p/a.py")
            typist.type(PREFIX)
            if not typist.complete():
                raise Failure(f"nothing is suggested once the file was {harm}")
            if daemon.poll() is not None:
                raise Failure(f"the daemon died when the file was {harm}")
            client.finish()
            client.check_answers()


def truncate_after(binary, seconds):
    """Truncates a model so long after its load began; gives what became of the load."""
    with World(binary) as world:
        model = world.folder / "model.gguf"
        shutil.copy(NANO, model)
        daemon = world.serve("--model", str(model))
        client = greet(world.door("--model", str(model)))
        time.sleep(seconds)
        daemon.send_signal(signal.SIGSTOP)  # wherever it is just now
        os.truncate(model, 4096)
        daemon.send_signal(signal.SIGCONT)
        loaded = settled_model_of(world)
        if loaded["state"] == "failed":
            ask_without_model(client)
        client.finish()
        client.check_answers()
        if daemon.poll() is not None:
            raise Failure(f"the daemon died of a file that was truncated after {seconds:.3f} s")
        return loaded


def truncated_load(binary):
    """A model that is truncated while it is read is an error of the load, not the daemon's end."""
    early, late = 0.0, 2.0  # seconds: the file is too short when it is opened, the load is over
    for _ in range(20):
        middle = (early + late) / 2
        loaded = truncate_after(binary, middle)
        if loaded["state"] == "ready":
            late = middle
        elif "was changed while it was loaded" in loaded["error"]:
            return print(f"caught {middle:.3f} s after the load began")
        elif "model.gguf" in loaded["error"]:
            early = middle
        else:
            raise Failure(f"the error does not name the file: {loaded['error']}")
    print("skipped: no load was caught in the act")
    sys.exit(77)


def no_memory(binary):
    """A model that does not fit, into its budget or into the machine, is named and nothing else."""
    with World(binary) as world:
        folder = pathlib.Path(world.env["XDG_CONFIG_HOME"]) / "fathom"
        folder.mkdir()
        (folder / "fathom.toml").write_text("engine.memory_mb = 5\n")
        fails_to_load(world, world.serve(), "the limit for this model is 5 MB")
    with World(binary) as world:
        daemon = world.serve()
        limit = virtual_bytes(daemon.pid) + (16 << 20)
        resource.prlimit(daemon.pid, resource.RLIMIT_AS, (limit, limit))
        fails_to_load(world, daemon, "memory")


def fails_to_load(world, daemon, reason):
    client = greet(world.door())
    model = settled_model_of(world)
    if model["state"] != "failed" or reason not in model["error"]:
        raise Failure(f"expected '{reason}': {model}")
    ask_without_model(client)
    if daemon.poll() is not None:
        raise Failure("the daemon died")
    client.finish()
    client.check_answers()


def removed_socket(binary):
    """A daemon whose socket was removed is found again, by everybody."""
    with World(binary) as world:
        first = world.door()
        first.start()
        daemon = world.daemon()
        world.socket.unlink()
        wait_for("the socket", world.socket.exists)
        second = world.door()
        second.start()
        for client in (first, second):
            client.request("alive", "fathom/status")
            if client.answer("alive")["result"]["pid"] != daemon:
                raise Failure("a second daemon was started")
            client.finish()
            client.check_answers()


def removed_folder(binary):
    """Where the lock is gone too there is a new daemon, and the old one leaves with its clients."""
    with World(binary) as world:
        first = world.door()
        first.start()
        old = world.daemon()
        shutil.rmtree(world.socket.parent)
        second = world.door()
        second.start()
        wait_for("two daemons", lambda: len(world.daemons()) == 2)
        first.request("alive", "fathom/status")
        if first.answer("alive")["result"]["pid"] != old:
            raise Failure("the old daemon's client was moved")
        first.finish()
        first.check_answers()
        wait_for("the old daemon to leave", lambda: old not in world.daemons())
        second.request("alive", "fathom/status")
        if second.answer("alive")["result"]["pid"] != world.daemon():
            raise Failure("the new daemon is not the one that is left")
        second.finish()
        second.check_answers()


def own_settings(binary):
    """Each client of one daemon has the settings of its own project."""
    with World(binary) as world, contextlib.ExitStack() as open_clients:
        daemon = world.serve()
        for enabled in (True, False):
            project = world.folder / f"project-{enabled}"
            project.mkdir()
            (project / ".fathom.toml").write_text(f"completion.enabled = {str(enabled).lower()}\n")
            client = world.door()
            open_clients.callback(client.finish)
            client.start({"workspaceFolders": [{"uri": project.as_uri(), "name": project.name}]})
            typist = Typist(client, (project / "a.py").as_uri())
            typist.type(PREFIX)
            # The file is read by another thread than the client's.
            wait_for(
                f"a client with completions {'on' if enabled else 'off'}",
                lambda typist=typist, enabled=enabled: bool(typist.complete()) == enabled,
            )
        if world.daemon() != daemon.pid:
            raise Failure("there is a second daemon")


run_case(globals())
