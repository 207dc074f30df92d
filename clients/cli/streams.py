"""history, at and diff: what happened to an aggregate, what it was at a time, and what changed between two versions."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer

from clients.cli.ending import NOT_FOUND, USAGE, EndedError, nearest, unknown
from clients.cli.finding import by_number, latest
from clients.cli.tool import FEW, Tool, at
from clients.cli.verbs import verb

T = TypeVar("T")

ROOT = "/api/operations/streams"
OWNERS = {
    "Basket": "baskets",
    "Bot": "depot",
    "CodeText": "notifications",
    "CreateOrderSaga": "checkout",
    "Customer": "customers",
    "Difference": "payments",
    "Invoice": "payments",
    "Kiosk": "customers",
    "Notification": "notifications",
    "Order": "ordering",
    "Payment": "payments",
    "Phone": "customers",
    "Product": "stores",
    "Reconciliation": "payments",
    "Robot": "fleet",
    "ShoppingList": "depot",
    "Store": "stores",
}
"""The service that owns each kind of aggregate."""
OF_AN_ORDER = ("Basket", "CreateOrderSaga", "Invoice", "Order", "ShoppingList")  # they have its id

Stream = Annotated[
    str,
    typer.Argument(
        metavar="STREAM",
        help="A kind and an id, such as 'Invoice#<id>'; an id alone is an order's.",
        autocompletion=lambda: [f"{kind}#" for kind in OWNERS],
    ),
]


@verb("history", "mallbots history 018f2c31")
def history(
    tool: Tool, stream: Stream, limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = FEW
) -> None:
    """List what happened to an aggregate, oldest first: its events, by whom, and what was published of them."""
    found = _asked(tool, stream, lambda path: tool.listed(path, "commits", limit))
    rows = (
        [
            commit["version"] if commit["version"] == commit["last"] else f"{commit['version']}-{commit['last']}",
            commit["time"],
            ", ".join(event["name"] for event in commit["events"]),
            commit["actor"],
            ", ".join(message["name"] for message in commit["messages"]),
        ]
        for commit in found
    )
    tool.out.rows(found, ("version", "time", "events", "by", "published"), rows, "no commits")


@verb("at", "mallbots at 2099-01-01T00:00:00Z 018f2c31")
def as_of(
    tool: Tool,
    when: Annotated[
        str, typer.Argument(metavar="TIME", help="2026-03-01T12:00:00Z, or 12:00 of today in UTC, or a version.")
    ],
    stream: Stream,
) -> None:
    """Show an aggregate as it was at a time, or after an event of it."""
    asked = f"version={int(when)}" if when.isdecimal() else f"at={at(_time(when))}"
    found = _asked(tool, stream, lambda path: tool.get(f"{path}/state?{asked}"))
    fields = ((name, _text(value)) for name, value in found["state"].items())
    tool.out.fields(found, [("version", found["version"]), *fields])


@verb("diff", "mallbots diff 018f2c31 1 2")
def diff(
    tool: Tool,
    stream: Stream,
    first: Annotated[int, typer.Argument(min=1, metavar="VERSION", help="A version, as history has it.")],
    second: Annotated[int, typer.Argument(min=1, metavar="VERSION", help="Another one.")],
) -> None:
    """Show what differs between two versions of an aggregate."""
    between = f"difference?first={first}&second={second}"
    found = _asked(tool, stream, lambda path: tool.get(f"{path}/{between}")["changes"])
    rows = ([one["path"], _text(one["old"]), _text(one["new"])] for one in found)
    tool.out.rows(found, ("field", f"version {first}", f"version {second}"), rows, "nothing differs")


def _asked(tool: Tool, stream: str, ask: Callable[[str], T]) -> T:
    """What the owner of a stream answers. Raises EndedError, with the nearest stream, where there is none such."""
    kind, joined, id = stream.partition("#")
    if not joined:
        kind, id = "Order", by_number(tool, stream) or stream
    if kind not in OWNERS:
        raise unknown("kind of aggregate", kind, OWNERS)
    try:
        return ask(f"{ROOT}/{OWNERS[kind]}/{kind}/{at(id)}")
    except EndedError as error:
        if error.code != NOT_FOUND or error.hint:
            raise
        found = nearest(id, _known(tool, kind))
        hint = f"did you mean {kind}#{found}?" if found and found != id else ""
        raise EndedError(error.message, NOT_FOUND, hint) from None


def _known(tool: Tool, kind: str) -> list[str]:
    """Ids of aggregates of a kind, where a list of them is at hand."""
    if kind in OF_AN_ORDER:
        return latest(tool)
    if kind in ("Bot", "Robot"):
        return [one["id"] for one in tool.pages("/api/depot/bots", "bots")]
    return [one["id"] for one in tool.pages("/api/stores", "stores")] if kind == "Store" else []


def _time(given: str) -> str:
    """A time as the API takes it."""
    try:
        if len(given) <= len("12:00:00"):
            given = f"{datetime.now(UTC).date()}T{given}"
        found = datetime.fromisoformat(given)
    except ValueError:
        raise EndedError(f"{given} is no time", USAGE, "write it as 2026-03-01T12:00:00Z, or as 12:00") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).isoformat()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
