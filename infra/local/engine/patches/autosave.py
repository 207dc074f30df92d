"""Save the state every few seconds while it changes, not only on a graceful stop: a kill loses little.

This restores no behaviour of AWS; it makes the local cloud usable. A forked child writes its copy of the memory, so the
engine keeps serving meanwhile, and the states of all services are from the same moment. The fork happens on the thread
of the event loop, between two requests.

What is large is saved after requests that deploy, which alone change most of it: the functions and their code; and the
log groups and the alarms, whose lines and metrics since then a kill loses.
"""

import contextlib
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO

from infra.local.engine.seams import Seams, module

INTERVAL_SECONDS = float(os.environ.get("AUTOSAVE_SECONDS", "3"))
LONGEST_SAVE_SECONDS = 60
ENDED_WITHIN_SECONDS = 5
MOMENT = "saved_moment.json"
"""In the state's folder: when what is saved there was so, and when it was written (Unix times)."""
SAVED_AFTER_A_DEPLOY_ONLY = {"lambda", "cloudformation", "cloudwatch", "cloudwatch_logs", "xray"}
COPIED = ("cloudwatch", "cloudwatch_logs")
"""Threads write these under a lock, which one may hold at the fork: it would never be released in the child."""

Save = dict[str, Callable[[], Any]]


def apply() -> None:
    if not hasattr(os, "fork") or os.environ.get("PERSIST_STATE") != "1":
        return
    seams = Seams("autosave")
    application, functions = module("app"), module("services.lambda_svc")
    seams.need(application, "_build_persistence_save_dict", "_MAIN_LOOP", "_HEALTH_PATHS")
    serve = seams.take(application, "app")
    execute = seams.take(functions, "_execute_function")
    broker = module("services.iot")
    publish = seams.take(broker, "broker_publish")
    saver = Saver(application, seams.take(application, "save_all"))

    async def serve_and_count(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await serve(scope, receive, send)
        if scope["type"] != "lifespan" and scope.get("path") not in application._HEALTH_PATHS:
            saver.changes += 1
            saver.deploys += is_deploy(scope)

    def execute_and_count(*arguments: Any) -> Any:
        try:
            return execute(*arguments)
        finally:
            saver.changes += 1

    async def publish_and_count(*arguments: Any, **named: Any) -> None:
        await publish(*arguments, **named)
        saver.changes += 1

    def save_at_stop(save: Save) -> None:
        saver.stop()
        moment = time.time()
        saver.save_all(save)
        note(moment)

    persistence = module("core.persistence")
    seams.need(persistence.json, "dump")
    seams.replace(persistence, "json", SimpleNamespace(**{**vars(json), "dump": dump}))
    seams.replace(application, "app", serve_and_count)
    seams.replace(functions, "_execute_function", execute_and_count)
    seams.replace(broker, "broker_publish", publish_and_count)
    seams.replace(application, "save_all", save_at_stop)
    threading.Thread(target=saver.run, name="autosave", daemon=True).start()


def dump(data: Any, file: TextIO, **options: Any) -> None:
    """What `json.dump` does, by the encoder in C, which writes no text in parts."""
    file.write(json.dumps(data, **options))


def interval_after(seconds: float, with_functions: bool) -> float:
    """How long to wait after a save that took so many seconds.

    A large state is saved less often, so that saving takes at most a tenth of the time. The functions, which are saved
    once, do not count: on a busy machine they take half a minute, and a kill would lose five.
    """
    return INTERVAL_SECONDS if with_functions else max(INTERVAL_SECONDS, 10 * seconds)


def is_deploy(scope: dict[str, Any]) -> bool:
    """Whether a request is to CloudFormation, or to Lambda and neither a read nor an invocation, by its signature."""
    headers = dict(scope.get("headers") or [])
    signature = headers.get(b"authorization", b"")
    changes = scope.get("method") != "GET" and not scope["path"].endswith("/invocations")
    return (changes and b"/lambda/aws4_request" in signature) or b"/cloudformation/aws4_request" in signature


def note(moment: float) -> None:
    """Write down of which moment the saved state is."""
    file = Path(os.environ["STATE_DIR"]) / MOMENT
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps({"moment": moment, "written": time.time()}))
    unfinished.replace(file)


class Saver:
    """Forks a child that saves the state when it may have changed."""

    def __init__(self, application: Any, save_all: Callable[[Save], None]) -> None:
        self.application = application
        self.save_all = save_all
        self.changes = 0
        """The number of requests and invocations, each of which may have changed the state."""
        self.deploys = 0
        """The number of requests that may have changed the functions."""
        self.child: int | None = None
        self.stopping = False

    def run(self) -> None:
        """Save whenever there are changes, for as long as the process runs."""
        saved, deploys_saved, interval = 0, 0, INTERVAL_SECONDS
        while True:
            time.sleep(interval)
            changes, deploys = self.changes, self.deploys
            if changes == saved:
                continue
            started, with_functions = time.monotonic(), deploys != deploys_saved
            if self.save(with_functions):
                saved, deploys_saved = changes, deploys
            interval = interval_after(time.monotonic() - started, with_functions)

    def stop(self) -> None:
        """End a save in progress and start no other: the engine itself saves last.

        Runs on the event loop, as `fork` does, so nothing is forked meanwhile.
        """
        self.stopping = True
        child = self.child
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        deadline = time.monotonic() + ENDED_WITHIN_SECONDS
        while self.child is not None and time.monotonic() < deadline:
            time.sleep(0.01)

    def save(self, with_functions: bool) -> bool:
        """Fork, on the event loop, and wait for the child. Returns whether it saved."""
        loop = self.application._MAIN_LOOP
        if loop is None or not loop.is_running():
            return False
        forked = threading.Event()

        def fork() -> None:
            if not self.stopping:
                self.child = self.fork(with_functions)
            forked.set()

        loop.call_soon_threadsafe(fork)
        if not forked.wait(LONGEST_SAVE_SECONDS) or self.child is None:
            return False
        _pid, status = os.waitpid(self.child, 0)
        self.child = None
        return status == 0

    def fork(self, with_functions: bool) -> int:
        """Start the child that saves. Returns its process id."""
        left_out = set() if with_functions else SAVED_AFTER_A_DEPLOY_ONLY
        every: Save = self.application._build_persistence_save_dict()
        states = {name: state for name, state in every.items() if name not in left_out}
        copies = {name: states[name]() for name in COPIED if name in states}
        moment = time.time()
        pid = os.fork()
        if pid == 0:
            self.save_and_exit({**states, **{name: partial(copies.get, name) for name in copies}}, moment)
        return pid

    def save_and_exit(self, save: Save, moment: float) -> None:
        """In the child: one thread, a copy of the memory; it must not touch anything of the parent's."""
        status = 1
        try:
            logging.disable()
            for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
                signal.signal(ending, signal.SIG_DFL)
            # A lock that another thread held at the fork is never released in the child: then the alarm ends it.
            signal.alarm(LONGEST_SAVE_SECONDS)
            # The port must be free if the engine is killed and started again while this child still writes.
            os.closerange(3, 4096)
            self.save_all(save)
            note(moment)
            status = 0
        finally:
            os._exit(status)
