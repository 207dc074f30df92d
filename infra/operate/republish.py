"""Publish again what the commits of a service hold: the public events of a time, of a stream, or all."""

import argparse
import json
from collections.abc import Callable
from typing import Any

from infra.operate.deployment import Deployment, OperateError, stacks
from infra.operate.options import moment

ANSWER_SECONDS = 30  # longer than the relay's timeout


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", required=True)
    parser.add_argument("--since", type=moment, help="RFC 3339: 2026-03-01T12:00:00Z")
    parser.add_argument("--until", type=moment, help="RFC 3339")
    parser.add_argument("--stream", help="one stream: Order#<id>")
    parser.add_argument("--to", help="the one service that receives them (default: all)")
    parser.add_argument("--names", help="commands, replies and timers to send too: SagaWatchEnds,StepTimedOut")
    parser.add_argument("--cursor", help="go on at this page, as a run that failed says")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    if options.to:
        stacks(deployment, options.to)  # a service that there is
    names = options.names.split(",") if options.names else None
    wanted = {key: getattr(options, key) for key in ("since", "until", "stream", "to", "cursor")} | {"names": names}
    sent = republish(deployment, options.service, {key: value for key, value in wanted.items() if value}, print)
    print(f"{sent} messages were published again.")
    return 0


def republish(
    deployment: Deployment, service: str, wanted: dict[str, Any], report: Callable[[str], None] = lambda _line: None
) -> int:
    """Have the relay republish page by page (functions/kernel/eventstore/relay.py); returns how many were sent.

    Raises OperateError for a service without a relay, and where a page fails: with the cursor to go on with.
    """
    [outputs] = stacks(deployment, service).values()
    if "RelayFunction" not in outputs:
        raise OperateError(f"{service} publishes nothing")
    client = deployment.client("lambda", read_timeout=ANSWER_SECONDS, retries={"total_max_attempts": 1})
    sent, page = 0, dict(wanted)
    while True:
        payload = json.dumps({"republish": page}).encode()
        response = client.invoke(FunctionName=outputs["RelayFunction"], Payload=payload)
        answer = json.loads(response["Payload"].read())
        if "FunctionError" in response:
            go_on = f"; go on with CURSOR='{page['cursor']}'" if "cursor" in page else ""
            raise OperateError(f"{answer.get('errorMessage', answer)} ({sent} were sent{go_on})")
        sent += answer["sent"]
        if answer["cursor"] is None:
            return sent
        page["cursor"] = answer["cursor"]
        report(f"{sent} so far")
