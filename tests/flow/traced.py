"""One order's trace in a backend of yours: `python -m tests.flow.traced http://127.0.0.1:4318`.

An order of two products goes its way in a mall in memory, and is exported as on a stage that has traces. What listens
there is any backend that takes OTLP over HTTP, such as Jaeger. The last line is JSON.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from functions.kernel.runtime.json_text import compact
from functions.operations.exporter import Backend, OtlpBackend
from tests.flow.shopper import open_a_store
from tests.support.mall import Mall


class _Counting:
    """A backend that counts what it passes on."""

    def __init__(self, to: Backend) -> None:
        self._to = to
        self.trace, self.spans, self.bytes = "", 0, 0

    def export(self, spans: Mapping[str, Any]) -> None:
        found = [span for one in spans["resourceSpans"] for scope in one["scopeSpans"] for span in scope["spans"]]
        self._to.export(spans)
        self.trace, self.spans = found[0]["traceId"], self.spans + len(found)
        self.bytes += len(compact(dict(spans)).encode())


def main(arguments: Sequence[str]) -> int:
    from tests.flow.test_traces import a_completed_order, export

    if len(arguments) != 1:
        print((__doc__ or "").splitlines()[0], file=sys.stderr)
        return 2
    mall, counting = Mall(), _Counting(OtlpBackend(arguments[0]))
    mall.runtimes["operations"].adapters["traces"] = counting
    a_completed_order(mall, open_a_store(mall, {"cable": 9.95, "charger": 34.9}))
    failed = export(mall)["batchItemFailures"]
    print(json.dumps({"trace": counting.trace, "spans": counting.spans, "bytes": counting.bytes}))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
