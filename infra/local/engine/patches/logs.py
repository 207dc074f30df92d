"""CloudWatch Logs: reading while functions write.

Restored behaviour of AWS:

- A request that reads log groups or their streams succeeds while functions write to them. The engine writes a
  function's lines on the thread that ran it, while the event loop walks the same dictionaries. Now and then such a
  request failed with a 500 ("dictionary changed size during iteration"), and lines of a function that was the first
  to write to its group at the same time as another were lost.
"""

import threading
from typing import Any

from infra.local.engine.seams import Seams, module


def apply() -> None:
    seams = Seams("logs")
    logs, functions = module("services.cloudwatch_logs"), module("services.lambda_svc")
    read, write = seams.take(logs, "handle_request"), seams.take(functions, "_emit_lambda_logs")
    save = seams.take(logs, "get_state")
    in_use = threading.RLock()

    async def read_alone(*request: Any) -> Any:
        # No request of this service awaits anything but its own handler, so the event loop never waits with the lock.
        with in_use:
            return await read(*request)

    def write_alone(*arguments: Any, **named: Any) -> None:
        with in_use:
            write(*arguments, **named)

    def save_alone() -> dict[str, Any]:
        with in_use:
            state: dict[str, Any] = save()
            return state

    seams.replace(logs, "handle_request", read_alone)
    seams.replace(functions, "_emit_lambda_logs", write_alone)
    seams.replace(logs, "get_state", save_alone)
