"""The process of which execution environments are forked: it has imported what the functions of a layer have in common.

Runs by its path, in no package: `python template.py SOCKET FOLDER…`, where SOCKET is the number of the inherited socket
on which the engine asks (patches/forks.py), and FOLDER one in which packages are.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

# What takes longest of a cold start. What the folders lack is left to the functions.
IMPORTED = (
    *("boto3", "boto3.session", "botocore.client", "botocore.handlers", "botocore.httpsession", "botocore.signers"),
    *("cryptography.hazmat.primitives.asymmetric.ed25519", "jwt", "msgspec", "pydantic.main", "pydantic.type_adapter"),
)
LONGEST_REQUEST = 1 << 18


def main() -> None:
    control, folders = socket.socket(fileno=int(sys.argv[1])), sys.argv[2:]
    path = list(sys.path)
    sys.path[:0] = folders
    for name in IMPORTED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sys.path[:] = path
    gc.freeze()
    signal.signal(signal.SIGCHLD, lambda *_: reap())
    while True:
        request, descriptors, _, _ = socket.recv_fds(control, LONGEST_REQUEST, 3)
        if not request:
            return  # the engine has ended
        # The id of a process is its own until it is reaped.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        pid = os.fork()
        if pid == 0:
            control.close()
            become(json.loads(request), descriptors)
            return
        handle = os.pidfd_open(pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        socket.send_fds(control, [str(pid).encode()], [handle])
        for descriptor in (*descriptors, handle):
            os.close(descriptor)


def become(wanted: dict[str, Any], descriptors: list[int]) -> None:
    """Be the process of a script: with its input and output, in its folder, with its environment."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(wanted["folder"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    script: str = wanted["script"]
    sys.argv, sys.path[0] = [script], str(Path(script).parent)
    main_module = type(sys)("__main__")
    main_module.__dict__["__file__"] = script
    sys.modules["__main__"] = main_module
    exec(compile(Path(script).read_bytes(), script, "exec"), main_module.__dict__)  # nosec B102  # as `python script` does


def reap() -> None:
    """Let the children go that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


if __name__ == "__main__":
    main()
