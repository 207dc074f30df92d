"""Forks: an execution environment of a Python function with layers is forked of a process that has imported them.

This restores no behaviour of AWS: it spares each environment the import of the SDK and of the layer's packages, whose
memory they share. There is one such process for each set of layers (template.py). Where it cannot fork, an environment
is started as the engine does, as is one whose variables Python reads at its start.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from infra.local.engine import template
from infra.local.engine.seams import Seams, module

LAYERS = "_LAMBDA_LAYERS_DIRS"


def apply() -> None:
    if not hasattr(os, "pidfd_open"):
        return
    seams, runtime = Seams("forks"), module("core.lambda_runtime")
    seams.need(runtime.subprocess, "Popen")
    templates = Templates()

    def start(command: list[str], **options: Any) -> Any:
        return templates.fork(command, **options) or subprocess.Popen(command, **options)

    seams.replace(runtime, "subprocess", SimpleNamespace(**{**vars(subprocess), "Popen": start}))


class Forked:
    """What the engine uses of a `subprocess.Popen`, of a process whose parent is a template."""

    def __init__(self, pid: int, handle: int, pipes: list[int]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._handle = handle
        self.stdin = os.fdopen(pipes[0], "w", buffering=1)
        self.stdout = os.fdopen(pipes[1])
        self.stderr = os.fdopen(pipes[2])

    def poll(self) -> int | None:
        """0 when it has ended, however: its code is its parent's to know."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended. Raises TimeoutExpired."""
        if self._ended(timeout) is None:
            raise subprocess.TimeoutExpired("a function", timeout or 0)
        return 0

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, sent: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, sent)

    def _ended(self, within: float | None) -> int | None:
        if self.returncode is None:
            poll = select.poll()
            poll.register(self._handle, select.POLLIN)
            if poll.poll(None if within is None else within * 1000):
                self.returncode = 0
        return self.returncode

    def __del__(self) -> None:
        os.close(self._handle)


class Templates:
    """The processes to fork, by the folders of the layers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: dict[tuple[str, ...], socket.socket] = {}

    def fork(self, command: list[str], cwd: str, env: dict[str, str], **_options: Any) -> Forked | None:
        """Start a script; None where it must be started in another way."""
        layers = tuple(os.path.realpath(f"{layer}/python") for layer in env.get(LAYERS, "").split(os.pathsep) if layer)
        if command[0] != sys.executable or not layers or python_variables(env) != python_variables(os.environ):
            return None
        request = json.dumps({"script": command[1], "folder": cwd, "environment": env}).encode()
        theirs_in, stdin = os.pipe()
        stdout, theirs_out = os.pipe()
        stderr, theirs_err = os.pipe()
        given = [theirs_in, theirs_out, theirs_err]
        try:
            pid, handle = self._ask(layers, request, given)
        except OSError:
            for descriptor in (stdin, stdout, stderr):
                os.close(descriptor)
            return None
        finally:
            for descriptor in given:
                os.close(descriptor)
        return Forked(pid, handle, [stdin, stdout, stderr])

    def _ask(self, layers: tuple[str, ...], request: bytes, given: list[int]) -> tuple[int, int]:
        with self._lock:
            control = self._sockets.get(layers) or self._start(layers)
            try:
                socket.send_fds(control, [request], given)
                answer, [handle], _, _ = socket.recv_fds(control, 64, 1)
            except (OSError, ValueError):  # it has ended
                self._sockets.pop(layers).close()
                raise OSError from None
        return int(answer), handle

    def _start(self, layers: tuple[str, ...]) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen(
                [sys.executable, template.__file__, str(theirs.fileno()), *layers],
                cwd=Path(template.__file__).anchor,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._sockets[layers] = ours
        return ours


def python_variables(environment: Any) -> dict[str, str]:
    """The variables that Python reads when it starts."""
    return {name: value for name, value in environment.items() if name.startswith("PYTHON")}
