"""dead: the messages that were given up, like with like; see why, forecast, and send back or close."""

import json
from pathlib import Path
from typing import Annotated

import typer

from clients.cli import completing, following, one_by_one
from clients.cli.choosing import (
    Chosen,
    assigned,
    choose,
    group_ids,
    group_of,
    letter_ids,
    letter_of,
    letters_of,
    must_consume,
)
from clients.cli.ending import NOT_FOUND, USAGE, EndedError, must_be, whole
from clients.cli.finding import order_of
from clients.cli.tool import FEW, Known, Tool, at, query
from clients.cli.verbs import group, verb
from clients.cli.wording import ago, counted
from clients.mall import Json

ROOT = "/api/operations"
LETTERS, GROUPS = f"{ROOT}/letters", f"{ROOT}/groups"
STATES = ("open", "redriving", "parked", "done", "discarded")
FIELDS = ("id", "state", "consumer", "message", "version", "stream", "order", "reason", "error", "tries", "code")

group("dead", "Messages that were given up: see why, forecast, and send them back or close them.")

Letter = Annotated[
    str, typer.Argument(help="The id of a letter, as `dead list` has it.", autocompletion=completing.letters)
]
Group = Annotated[
    str, typer.Argument(help="The id of a group, as `dead groups` has it.", autocompletion=completing.groups)
]
Service = Annotated[str, typer.Option("--service", help="A service, or one of its consumers: depot/dispatcher.")]
Message = Annotated[str, typer.Option("--message", help="Letters of a message, such as OrderCreated.")]
Order = Annotated[str, typer.Option("--order", help="Letters about an order.")]
InGroup = Annotated[str, typer.Option("--group", help="Letters of a group.", autocompletion=completing.groups)]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with the letter.")]
To = Annotated[str, typer.Option("--to", help="The consumer that takes them, where theirs was renamed.")]
Letters = Annotated[list[str] | None, typer.Argument(help="Ids of letters.", autocompletion=completing.letters)]
Some = Annotated[list[str], typer.Argument(help="Ids of letters.", autocompletion=completing.letters)]
Most = Annotated[int, typer.Option("--limit", min=1, help="How many at most.")]


@verb("dead list", "mallbots dead list --service depot --state open")
def list_letters(
    tool: Tool,
    service: Service = "",
    message: Message = "",
    order: Order = "",
    group: InGroup = "",
    state: Annotated[str, typer.Option("--state", help=f"One of {', '.join(STATES)}.")] = "",
    since: Annotated[str, typer.Option("--since", help="From a time on, such as 2026-03-01T12:00:00Z.")] = "",
    until: Annotated[str, typer.Option("--until", help="Before a time.")] = "",
    limit: Most = FEW,
) -> None:
    """List what was given up, the newest first; of all states, the open ones first."""
    must_be(state, STATES, "state")
    must_consume(tool, service)
    group = group_of(tool, group)["id"] if group else ""
    if order and not tool.pages(f"{LETTERS}{query(order=order)}", "letters", 1):
        order = order_of(tool, order)
    wanted = query(service=service, message=message, order=order, group=group, state=state, since=since, until=until)
    found = tool.listed(f"{LETTERS}{wanted}", "letters", limit)
    rows = ([one["id"], one["state"], one["consumer"], one["message"], one["tries"], one["reason"]] for one in found)
    tool.out.rows(found, ("letter", "state", "consumer", "message", "tries", "reason"), rows, "no dead letters")


@verb("dead groups", "mallbots dead groups")
def list_groups(
    tool: Tool,
    state: Annotated[str, typer.Option("--state", help="open, or resolved.")] = "open",
    limit: Most = FEW,
) -> None:
    """List the letters by cause: how many, since when, and since which version of the code."""
    must_be(state, ("open", "resolved"), "state")
    found = tool.listed(f"{GROUPS}{query(state=state)}", "groups", limit)
    rows = (
        [one["id"], one["counts"]["open"], one["consumer"], one["message"], ago(one["lastSeen"]), one["reason"]]
        for one in found
    )
    tool.out.rows(found, ("group", "open", "consumer", "message", "last", "reason"), rows, "no groups of letters")


@verb("dead show", "mallbots dead show 7c1f")
def show(
    tool: Tool,
    id: Annotated[str, typer.Argument(help="The id of a letter, or of a group.", autocompletion=completing.letters)],
) -> None:
    """Show a letter, with its body, its history and what was published about its order; or a group."""
    try:
        answer = tool.get(f"{LETTERS}/{at(id)}")
    except EndedError as error:
        if error.code != NOT_FOUND:
            raise
        groups, letters = group_ids(tool), letter_ids(tool)
        both = Known((*letters.ids, *groups.ids), letters.more or groups.more)
        if whole("letter or group", id, both.ids) in groups.ids:
            found = group_of(tool, id)
            tool.out.fields(found, ((n, _counts(v) if n == "counts" else v) for n, v in found.items()))
            return
        answer = tool.found(f"{LETTERS}/{at(id)}", "letter or group", id, lambda: both)

    def render() -> None:
        letter = answer["letter"]
        tool.out.fields(letter, ((name, letter[name]) for name in FIELDS))
        tool.out.line("")
        tool.out.line(letter["body"])
        for one in letter["history"]:
            tool.out.line(f"{one['time']}  {one['what']}  {one['detail']}  {one['actor']}")
        for message in answer["timeline"] or ():
            tool.out.line(f"{message['time']}  {message['source']}  {message['name']}", style="dim")

    tool.out.show(answer, render)


@verb("dead forecast", "mallbots dead forecast --group 3e90")
def forecast(
    tool: Tool,
    letters: Letters = None,
    group: InGroup = "",
    service: Service = "",
    message: Message = "",
    to: To = "",
) -> None:
    """Say what would become of letters if they were sent back now. Nothing is written or sent for it."""
    chosen = choose(tool, Chosen(tuple(letters or ()), group, service, message))
    id = tool.post(f"{ROOT}/forecasts", {**chosen.body, **({"to": to} if to else {})})["id"]
    found = following.forecast(tool, id)

    def render() -> None:
        tool.out.line(f"forecast {id}: {counted(found['total'], 'letter')}, {_counts(found['counts']) or 'no answer'}")
        for one in found["reasons"]:
            tool.out.line(f"  {one['letters']:>5}  {one['reason']}")

    tool.out.show(found, render)
    following.ended_early(tool, found, id)


@verb("dead redrive", "mallbots dead redrive --group 3e90 --yes", changes=True)
def redrive(
    tool: Tool,
    letters: Letters = None,
    group: InGroup = "",
    service: Service = "",
    message: Message = "",
    forecast: Annotated[str, typer.Option("--forecast", help="The very letters of a forecast.")] = "",
    passing: Annotated[bool, typer.Option("--passing", help="Of the forecast, only those that pass.")] = False,
    to: To = "",
    rate: Annotated[int, typer.Option("--rate", min=1, help="How many a second, once the ramp has been climbed.")] = 10,
    stop_at: Annotated[int, typer.Option("--stop-at", min=1, max=100, help="Stop when so many percent fail.")] = 20,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = True,
) -> None:
    """Send open letters back to the queues that they came from: in a ramp that stops by itself."""
    named = Chosen(tuple(letters or ()), group, service, message)
    if forecast and named != Chosen():
        raise EndedError("a forecast names its letters: leave out ids, --group, --service and --message", USAGE)
    if passing and not forecast:
        raise EndedError("--passing is of a --forecast, which is missing", USAGE)
    body, what = _of_forecast(tool, forecast, passing) if forecast else _of_choice(tool, named)
    if not body:
        tool.out.show({"letters": what, "run": None}, lambda: None)
        tool.out.say("no open letter is like that: nothing to send back")
        return
    if not tool.agreed(f"send back {what}"):
        tool.out.show({"letters": what, "run": None}, lambda: None)
        return
    body |= {"rate": rate, "stopAt": stop_at, **({"to": to} if to else {})}
    following.run(tool, tool.post(f"{ROOT}/redrives", body)["id"], wait)


def _of_choice(tool: Tool, named: Chosen) -> tuple[Json, str]:
    """What to ask for, and how many letters it is, which are said by consumer and message; nothing for none."""
    chosen = choose(tool, named)
    for (consumer, message), number in chosen.counts.most_common():
        tool.out.say(f"{number:>6}  {consumer}  {message}")
    as_of = {"asOf": chosen.as_of} if chosen.as_of else {}
    return {**chosen.body, **as_of} if chosen.counts else {}, chosen.number


def _of_forecast(tool: Tool, id: str, passing: bool) -> tuple[Json, str]:
    """The same of the letters of a forecast, or of those that pass."""
    found = tool.found(f"{ROOT}/forecasts/{at(id)}", "forecast", id, lambda: _forecasts(tool))["forecast"]
    number = found["counts"]["passes"] if passing else found["total"]
    asked = {"forecast": found["id"], "letters": [], "passing": passing}
    return asked, f"{counted(number, 'letter')} of forecast {found['id']}"


@verb("dead park", "mallbots dead park 7c1f --reason 'asked the supplier' --yes", changes=True)
def park(tool: Tool, letters: Some, reason: Reason) -> None:
    """Put open letters aside, so that they are no longer among the open ones."""
    one_by_one.change(tool, letters_of(tool, letters), "park", reason)


@verb("dead discard", "mallbots dead discard 7c1f --reason 'the order was cancelled' --yes", changes=True)
def discard(tool: Tool, letters: Some, reason: Reason) -> None:
    """Close letters that are to have no effect. The reason is kept with them."""
    one_by_one.change(tool, letters_of(tool, letters), "discard", reason)


@verb("dead reopen", "mallbots dead reopen 7c1f --yes", changes=True)
def reopen(tool: Tool, letters: Some) -> None:
    """Reopen letters that were parked or discarded, so that they can be sent back."""
    one_by_one.change(tool, letters_of(tool, letters), "reopen")


@verb("dead edit", "mallbots dead edit 7c1f --set total=1990 --yes", changes=True)
def edit(
    tool: Tool,
    id: Letter,
    values: Annotated[list[str], typer.Option("--set", help="A field of the data: total=1990, JSON or text.")],
) -> None:
    """Put a message with other data in the place of an open letter, which is not sent back yet."""
    letter = letter_of(tool, id)
    try:
        data = json.loads(letter["body"])["detail"]["data"]
    except (ValueError, KeyError, TypeError):
        raise EndedError(f"the message of letter {id} cannot be read, so it has no data to edit") from None
    changed = {**data, **dict(assigned(one) for one in values)}
    for name in changed:
        if changed[name] != data.get(name):
            tool.out.say(f"{name}: {data.get(name)!r} becomes {changed[name]!r}")
    made: Json = {"letter": None, "messageId": None}
    if tool.agreed(f"put the message in the place of letter {letter['id']}"):
        made = tool.put(f"{LETTERS}/{letter['id']}/data", {"data": changed})
    tool.out.show({**made, "data": changed}, lambda: tool.out.line(str(made["letter"] or "")))


@verb("dead note", "mallbots dead note 3e90 'the supplier sends no sku' --yes", changes=True)
def note(tool: Tool, id: Group, text: Annotated[str, typer.Argument(help="What is known.")]) -> None:
    """Write down what is known of the cause of a group."""
    group = group_of(tool, id)["id"]
    _change(tool, group, f"note {text!r} with group {group}", "note", {"text": text})


@verb("dead owner", "mallbots dead owner 3e90 Ada --yes", changes=True)
def owner(tool: Tool, id: Group, name: Annotated[str, typer.Argument(help="Who takes care of it.")]) -> None:
    """Say who takes care of a group."""
    group = group_of(tool, id)["id"]
    _change(tool, group, f"give group {group} to {name}", "owner", {"name": name})


@verb("dead resolve", "mallbots dead resolve 3e90 --yes", changes=True)
def resolve(tool: Tool, id: Group) -> None:
    """Say that the cause of a group is mended. A letter that fails from now on opens it again."""
    group = group_of(tool, id)
    left = counted(group["counts"]["open"], "letter is", "letters are")
    _change(tool, group["id"], f"resolve group {group['id']}, of which {left} open", "resolve", {})


@verb("dead export", "mallbots dead export 7c1f --dry-run", changes=True)
def export(
    tool: Tool,
    id: Letter,
    folder: Annotated[Path, typer.Option("--to", help="The folder of the test.")] = Path("tests/unit"),
) -> None:
    """Write a letter as a unit test that fails as it did, and passes once the cause is mended."""
    known = letter_of(tool, id)
    found = tool.get(f"{LETTERS}/{at(known['id'])}/test")
    file = folder / found["file"]
    if tool.agreed(f"{'replace' if file.exists() else 'write'} {file}"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(found["text"])
    tool.out.show({"file": str(file), "text": found["text"]}, lambda: tool.out.line(str(file)))


def _change(tool: Tool, id: str, what: str, action: str, body: Json) -> None:
    if tool.agreed(what):
        tool.put(f"{GROUPS}/{at(id)}/{action}", body)
    found = tool.get(f"{GROUPS}/{at(id)}")["group"]
    tool.out.fields(found, ((name, found[name]) for name in ("id", "state", "owner", "note", "reason")))


def _forecasts(tool: Tool) -> Known:
    found, more = tool.counted(f"{ROOT}/runs", "runs")
    return Known(tuple(one["id"] for one in found if one["kind"] == "forecast"), more)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number)
