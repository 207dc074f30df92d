"""Deliveries inside the engine that fail, come twice and come late: no behaviour that AWS promises, but what it allows.

Off unless `FAULTY_DELIVERIES` is set, to JSON: {"seed": 1, "lost": 0.02, "doubled": 0.02, "delayed": 0.05, "longest":
2.0, "counts": "file"}; shares of 1, the longest delay in seconds. Faults strike while the file `<counts>.on` exists.
A fault that has not struck before its tenth chance does then, if it may strike at all, so that a short run has each.
The file `counts` holds how often each did: {"stream_lost": 3, …}. The functions that `<counts>.stopped` names, one a
line, are throttled as by a reserved concurrency of 0, which as a request would make the engine save all code.

- A table's stream or a queue to a function: an attempt that is lost never reaches the function, so the mapping tries
  again, or its function takes effect and its answer is lost, so the batch is delivered again.
  https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
- A rule of the bus to a queue: an attempt that is lost is tried again later. What waits for that is kept as a delayed
  message of the queue, so that a kill of the engine takes it back no more than the bus would.
  https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
- A rule of IoT Core to a queue: the message of an action that fails goes to the rule's error action.
  https://docs.aws.amazon.com/iot/latest/developerguide/rule-error-handling.html
- A function with a reserved concurrency of 0 is not invoked, and its queues are not polled.
  https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

import json
import os
import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from infra.local.engine.seams import Seams, module

VARIABLE = "FAULTY_DELIVERIES"
LOST, DOUBLED, DELAYED = "lost", "doubled", "delayed"
DUE = 10  # the chance at which a fault strikes that has not struck yet
SOURCES = {"aws:dynamodb": "stream", "aws:sqs": "queue"}
FIRST_RETRY, RETRIES = 1, 5  # seconds until the bus tries again, doubled each time; so often at most
AT_MOST_SECONDS = 900


class Faults:
    """Decides, seeded, whether a fault strikes, and counts those that did."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._random = random.Random(settings["seed"])  # nosec B311  # faults to try, not secrets
        self._rates = {name: float(settings[name]) for name in (LOST, DOUBLED, DELAYED)}
        self._longest = float(settings["longest"])
        self._file = Path(settings["counts"])
        self._switch = Path(f"{settings['counts']}.on")
        self._stopped = Path(f"{settings['counts']}.stopped")
        self._change = threading.Lock()
        # What was counted before a kill counts on.
        before = json.loads(self._file.read_text()) if self._file.exists() else {}
        self._counts: Counter[str] = Counter(before)
        self._chances: Counter[str] = Counter()

    def strikes(self, source: str, fault: str) -> bool:
        """Whether a fault strikes a delivery of a source (stream, queue, rule, iot)."""
        name = f"{source}_{fault}"
        with self._change:
            drawn = self._random.random() < self._rates[fault]
            if not self._switch.exists():
                return False
            self._chances[name] += 1
            is_due = self._rates[fault] > 0 and self._chances[name] == DUE and not self._counts[name]
            if not (drawn or is_due):
                return False
            self._counts[name] += 1
            partial = self._file.with_suffix(".part")
            partial.write_text(json.dumps(self._counts))
            partial.replace(self._file)
            return True

    def stops(self, function: str) -> bool:
        """Whether a function is stopped."""
        try:
            return function in self._stopped.read_text().splitlines()
        except FileNotFoundError:
            return False

    def seconds(self) -> float:
        """How late a delivery is."""
        with self._change:
            return self._random.uniform(0.1, self._longest)

    def heads(self) -> bool:
        """One of two, each as likely."""
        with self._change:
            return self._random.random() < 0.5


def apply() -> None:
    settings = os.environ.pop(VARIABLE, "")
    if not settings:
        return
    seams, faults = Seams("faulty_deliveries"), Faults(json.loads(settings))
    to_functions(seams, faults)
    to_queues_by_the_bus(seams, faults)
    to_queues_by_iot(seams, faults)
    stop_functions(seams, faults)


def to_functions(seams: Seams, faults: Faults) -> None:
    functions = module("services.lambda_svc")
    execute = seams.take(functions, "_execute_function")

    def deliver(function: dict[str, Any], event: Any) -> dict[str, Any]:
        source = source_of(event)
        if not source:
            return dict(execute(function, event))
        if faults.strikes(source, DELAYED):
            time.sleep(faults.seconds())
        if faults.strikes(source, LOST):
            if faults.heads():
                execute(function, event)
            return failed("the delivery was lost")
        if faults.strikes(source, DOUBLED):
            execute(function, event)
        return dict(execute(function, event))

    seams.replace(functions, "_execute_function", deliver)


def source_of(event: Any) -> str:
    """Which event source a batch is of: stream or queue; empty for what is invoked otherwise."""
    records = event.get("Records") if isinstance(event, dict) else None
    if not isinstance(records, list) or not records or not isinstance(records[0], dict):
        return ""
    return SOURCES.get(str(records[0].get("eventSource")), "")


def failed(why: str) -> dict[str, Any]:
    """The engine's representation of an invocation that failed."""
    return {"body": {"errorType": "ServiceException", "errorMessage": why}, "error": True, "log": ""}


def to_queues_by_the_bus(seams: Seams, faults: Faults) -> None:
    bus, queues = module("services.eventbridge"), module("services.sqs")
    send = seams.take(bus, "_dispatch_to_sqs")
    seams.need(queues, "_queue_by_arn", "_queue_url_for_account", "_act_send_message")

    def dispatch(target: Any, payload: str, parameters: dict[str, Any] | None = None) -> None:
        queue = queues._queue_by_arn(str(target))
        if faults.strikes("rule", DOUBLED):
            send(target, payload, parameters)
        # A FIFO queue takes no delay of a single message.
        seconds = 0 if queue is None or queue["is_fifo"] else late(faults)
        if not seconds:
            send(target, payload, parameters)
            return
        url = queues._queue_url_for_account(target.account_id, target.resource)
        queues._act_send_message({"QueueUrl": url, "MessageBody": payload, "DelaySeconds": seconds}, url)

    seams.replace(bus, "_dispatch_to_sqs", dispatch)


def late(faults: Faults) -> int:
    """The seconds after which the bus delivers: 0, a delay, or that of the attempts that are lost before."""
    seconds, wait = 0, FIRST_RETRY
    for _ in range(RETRIES):
        if not faults.strikes("rule", LOST):
            break
        seconds, wait = seconds + wait, wait * 2
    if faults.strikes("rule", DELAYED):
        seconds += max(1, round(faults.seconds()))
    return min(seconds, AT_MOST_SECONDS)


def to_queues_by_iot(seams: Seams, faults: Faults) -> None:
    broker = module("services.iot")
    send = seams.take(broker, "_dispatch_rule_sqs")

    def dispatch(account: str, region: str, rule: str, action: dict[str, Any], event: Any) -> None:
        def deliver() -> None:
            send(account, region, rule, action, event)

        if is_of_error_action(event):
            deliver()
            return
        if faults.strikes("iot", LOST):
            raise RuntimeError(f"the action of the rule {rule} failed")
        if faults.strikes("iot", DOUBLED):
            deliver()
        if faults.strikes("iot", DELAYED):
            # Later messages of its topic overtake it, as they may on AWS.
            threading.Timer(faults.seconds(), deliver).start()
            return
        deliver()

    seams.replace(broker, "_dispatch_rule_sqs", dispatch)


def is_of_error_action(event: Any) -> bool:
    """Whether a message is what an error action gets: it holds what failed."""
    return isinstance(event, dict) and {"failures", "base64OriginalPayload"} <= event.keys()


def stop_functions(seams: Seams, faults: Faults) -> None:
    functions = module("services.lambda_svc")
    reserved = seams.take(functions, "_reserved_concurrency")

    def of_running(function: dict[str, Any], config: dict[str, Any]) -> int | None:
        found: int | None = reserved(function, config)
        return 0 if faults.stops(str(config.get("FunctionName"))) else found

    seams.replace(functions, "_reserved_concurrency", of_running)
