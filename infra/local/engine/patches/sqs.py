"""SQS: limits that AWS enforces on single messages; the engine enforces them only on queues.

Restored behaviour of AWS: a message's delay is 0 to 900 s, its visibility timeout at most 43 200 s. The engine accepts
any number, so a timer for the next day would seem to work.
"""

from typing import Any

from infra.local.engine.seams import Seams, module

MAX_DELAY_SECONDS = 900
MAX_VISIBILITY_SECONDS = 43_200


def apply() -> None:
    seams = Seams("sqs")
    sqs = module("services.sqs")
    seams.need(sqs, "_Err")
    send = seams.take(sqs, "_act_send_message")
    change_visibility = seams.take(sqs, "_act_change_visibility")

    def refuse(parameter: str, seconds: object, most: int) -> None:
        if seconds is not None and not 0 <= int(str(seconds)) <= most:
            reason = f"Reason: {parameter} must be >= 0 and <= {most}."
            raise sqs._Err("InvalidParameterValue", f"Value {seconds} for parameter {parameter} is invalid. {reason}")

    def send_message(data: dict[str, Any], queue_url: str) -> Any:
        refuse("DelaySeconds", data.get("DelaySeconds"), MAX_DELAY_SECONDS)
        return send(data, queue_url)

    def change_message_visibility(data: dict[str, Any], queue_url: str) -> Any:
        refuse("VisibilityTimeout", data.get("VisibilityTimeout"), MAX_VISIBILITY_SECONDS)
        return change_visibility(data, queue_url)

    # SendMessageBatch calls the function by its name in the module, for each entry; requests use the handler table.
    handlers = seams.take(sqs, "_HANDLERS")
    for action, name, replacement in (
        ("SendMessage", "_act_send_message", send_message),
        ("ChangeMessageVisibility", "_act_change_visibility", change_message_visibility),
    ):
        seams.replace(sqs, name, replacement)
        handlers[action] = replacement
