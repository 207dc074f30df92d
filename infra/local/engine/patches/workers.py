"""Lambda: a bounded number of execution environments, and errors as the Python runtime reports them.

Restored behaviour of AWS:

- The number of a function's concurrent executions is bounded. In AWS the account's limit throttles; here, where memory
  is the limit, an invocation waits for its turn at one of the function's workers (`LAMBDA_WORKERS_PER_FUNCTION`, 4).
  Without a bound a burst of 300 events started 315 processes. So a function must not invoke itself and wait.
- An unhandled exception is reported by its class (`errorType`), with message and stack trace, and leaves the execution
  environment alive. The engine reports all of them as `Runtime.HandlerError`, with a cold start after each.
- A function that logs nothing answers at once: the engine waits 50 ms for a first line. It waits for lines instead of
  looking every millisecond, which took CPU from the functions.
- What is at work when its function gets other code or settings ends as it began, by the old ones; the engine ends it at
  once, which showed as "Worker process died". AWS says that requests are answered while a function is updated:
  https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
"""

import os
import queue
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from infra.local.engine.seams import Seams, module

WORKERS_PER_FUNCTION = int(os.environ.get("LAMBDA_WORKERS_PER_FUNCTION", "4"))

FIRST_LINE_SECONDS = 0.002  # in which a function's first line comes through the pipe after its answer
NEXT_LINE_SECONDS = 0.005  # in which each other does
ALL_LINES_SECONDS = 0.25

# The key under which the worker's script passes an unhandled exception to the engine as a result: a worker whose result
# is an error is ended.
UNHANDLED = "__unhandled_exception__"

_ENGINE_ERROR_REPORT = (
    '_real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()}) + "\\n")'
)
_INDENTATION = " " * 12
_AWS_ERROR_REPORT = f"""\
print("[ERROR] " + traceback.format_exc(), file=sys.stderr, flush=True)
_unhandled = {{
    "errorMessage": str(e),
    "errorType": type(e).__name__,
    "requestId": context.aws_request_id,
    "stackTrace": traceback.format_tb(e.__traceback__),
}}
_real_stdout.write(json.dumps({{"status": "ok", "result": {{"{UNHANDLED}": _unhandled}}}}) + "\\n")""".replace(
    "\n", "\n" + _INDENTATION
)


def apply() -> None:
    seams = Seams("workers")
    runtime, service = module("core.lambda_runtime"), module("services.lambda_svc")
    seams.replace(runtime.Worker, "_drain_stderr_bounded", lines_of)
    seams.replace_text(runtime, "_PYTHON_WORKER_SCRIPT", _ENGINE_ERROR_REPORT, _AWS_ERROR_REPORT)
    seams.replace(service, "_ESM_SQS_DEFAULT_CONCURRENCY", WORKERS_PER_FUNCTION)
    seams.need(runtime.Worker, "invoke")
    seams.replace(runtime, "kill_workers", once_idle(seams.take(runtime, "kill_workers")))
    execute = seams.take(service, "_execute_function_warm")
    seams.replace(service, "_execute_function_warm", bounded(execute))


def lines_of(worker: Any) -> str:
    """The engine's `Worker._drain_stderr_bounded`: what a function wrote to its log in the invocation that ended."""
    lines: list[str] = []
    until, wait = time.monotonic() + ALL_LINES_SECONDS, FIRST_LINE_SECONDS
    while time.monotonic() < until:
        try:
            lines.append(worker._stderr_queue.get(timeout=wait))
        except queue.Empty:
            break
        wait = NEXT_LINE_SECONDS
    return "\n".join(lines)


def bounded(execute: Any) -> Any:
    """The engine's `_execute_function_warm`, for at most `WORKERS_PER_FUNCTION` concurrent invocations."""
    free_workers: dict[str, Turns] = defaultdict(lambda: Turns(WORKERS_PER_FUNCTION))
    first_use = threading.Lock()

    def execute_when_a_worker_is_free(function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        config = function.get("config") or function
        with first_use:
            free = free_workers[config.get("FunctionArn", "")]
        with free:
            result: dict[str, Any] = execute(function, event, request_id)
        return unhandled_exception(result) or result

    return execute_when_a_worker_is_free


def once_idle(kill: Callable[[list[Any]], None]) -> Callable[[Iterable[Any]], None]:
    """The engine's `kill_workers`, which lets each worker end its invocation first; it waits for none of them."""

    def end(worker: Any) -> None:
        with worker._lock:  # which an invocation holds
            kill([worker])

    def end_all(workers: Iterable[Any]) -> None:
        idle: list[Any] = []
        for worker in filter(None, workers):
            if worker._lock.acquire(blocking=False):
                idle.append(worker)
            else:
                threading.Thread(target=end, args=(worker,), daemon=True).start()
        try:
            kill(idle)
        finally:
            for worker in idle:
                worker._lock.release()

    return end_all


class Turns:
    """So many at a time, in the order in which they came.

    A `threading.Semaphore` lets a newcomer in before the thread that it has woken, which then waits behind all others:
    of 400 connections opened at once some were not let in within 15 s, while younger ones were.
    """

    def __init__(self, at_a_time: int) -> None:
        self._free = at_a_time
        self._waiting: deque[threading.Lock] = deque()
        self._change = threading.Lock()

    def __enter__(self) -> None:
        turn = threading.Lock()
        with self._change:
            if self._free:
                self._free -= 1
                return
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()

    def __exit__(self, *_: object) -> None:
        with self._change:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


def unhandled_exception(result: dict[str, Any]) -> dict[str, Any] | None:
    """The engine's representation of a failed invocation, if the worker's script reported an exception."""
    body = result.get("body")
    if not isinstance(body, dict) or set(body) != {UNHANDLED}:
        return None
    return {"body": body[UNHANDLED], "error": True, "function_error": "Unhandled", "log": result.get("log", "")}
