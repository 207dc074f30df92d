"""Publish again what the commits of a service hold: the public events of a time, of a stream, or all."""

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

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
    # What is republished twice does no harm: a page that is throttled, or not answered in time, is asked for again.
    client = deployment.client(
        "lambda", read_timeout=ANSWER_SECONDS, retries={"mode": "standard", "total_max_attempts": 5}
    )
    sent, page = 0, dict(wanted)
    while True:
        try:
            answer = _published(client, outputs["RelayFunction"], page)
        except (OperateError, BotoCoreError, ClientError, KeyboardInterrupt) as error:
            go_on = f"; go on with CURSOR='{page['cursor']}'" if "cursor" in page else ""
            raise OperateError(f"{str(error) or 'it was interrupted'} ({sent} were sent{go_on})") from None
        sent += answer["sent"]
        if answer["cursor"] is None:
            return sent
        page["cursor"] = answer["cursor"]
        report(f"{sent} so far")


def _published(client: Any, relay: str, page: Mapping[str, Any]) -> dict[str, Any]:
    """What the relay says of a page. Raises OperateError, and what boto3 raises."""
    response = client.invoke(FunctionName=relay, Payload=json.dumps({"republish": page}).encode())
    answer: dict[str, Any] = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        raise OperateError(str(answer.get("errorMessage", answer)))
    return answer
