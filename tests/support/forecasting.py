"""What a forecast is tried with: a runtime that is only read, and letters."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NoReturn

from events.registry import Message
from functions.kernel.composition import forecast
from functions.kernel.runtime.json_text import compact, read
from functions.kernel.runtime.runtime import Runtime
from tests.support.delivery import delivered

WRITES = ("commit", "renew", "rewrite", "put", "delete", "add", "send", "retry_in")


class ReadOnly:
    """Another adapter, all of whose calls that write or send raise AssertionError."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return self._must_not_write if name in WRITES else getattr(self._real, name)

    def _must_not_write(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError("a forecast writes")


def read_only(running: Runtime) -> Runtime:
    """A runtime whose store, rows, vault, bus, queues and ports fail when something is written or sent."""
    parts: Any = {name: ReadOnly(getattr(running, name)) for name in ("store", "views", "vault", "queue")}
    nothing: Any = ReadOnly(None)
    adapters: dict[str, Any] = dict.fromkeys(running.adapters)  # whoever calls one fails
    queues: Any = dict.fromkeys(running.queues, nothing)
    return replace(running, **parts, bus=nothing, dead_letters=nothing, queues=queues, adapters=adapters)


def letter(message: Message, consumer: str, id: str = "letter-1", error: str = "") -> dict[str, Any]:
    """A letter of a message that has this id too."""
    return {
        "id": id,
        "consumer": consumer,
        "body": delivered(message, id=id)["Records"][0]["body"],
        "error": error,
    }


def changed(letter: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A letter whose message says something else of itself."""
    body = json.loads(letter["body"])
    body["detail"]["metadata"] |= metadata
    if "name" in metadata:
        body["detail-type"] = metadata["name"]
    return {**letter, "body": json.dumps(body)}


def forecasts(letters: Iterable[dict[str, Any]], overlay: Any = None) -> list[dict[str, Any]]:
    """The answers for letters, as the invocations that answer them all give them."""
    left, answers = list(letters), list[dict[str, Any]]()
    while left:
        event = read(compact({"letters": left, "overlay": overlay}))
        answer = read(compact(forecast.handle(event)))
        answers += answer["answers"]
        overlay = answer["overlay"]
        assert [one["id"] for one in answer["answers"]] == [one["id"] for one in left[: len(answer["answers"])]]
        assert answer["answers"], "an invocation answers one letter at least"
        left = left[len(answer["answers"]) :]
    return answers


def forecast_of(letter: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The answer for one letter, and its detail."""
    [answer] = forecasts([letter])
    return answer["answer"], answer["detail"]
