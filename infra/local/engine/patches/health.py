"""The engine's health says which process answers.

No behaviour of AWS. Another program, or another engine, may take the port while this one starts, and answer there: who
started this one would deploy to the other.
"""

import json
import os
from typing import Any

from infra.local.engine.seams import Seams, module


def apply() -> None:
    seams = Seams("health")
    app = module("app")
    answer = seams.take(app, "_handle_health_request")

    def answer_with_process(path: str, request_id: str) -> Any:
        found = answer(path, request_id)
        if found is None:
            return None
        status, headers, body = found
        return status, headers, json.dumps({**json.loads(body), "pid": os.getpid()}).encode()

    seams.replace(app, "_handle_health_request", answer_with_process)
