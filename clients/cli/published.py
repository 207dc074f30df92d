"""catalog and send: the messages of the published language, and a sample of one, for trying."""

import json
import subprocess
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

import events
from clients.cli import stages
from clients.cli.choosing import assigned
from clients.cli.ending import FAILED, USAGE, EndedError, unknown
from clients.cli.tool import Tool
from clients.cli.verbs import verb
from clients.mall import Json
from events.registry import Kind, decode, language

FOLDER = Path(events.__file__).parent
SUBSCRIPTIONS = ("subscriptions.json", "functions/operations/subscriptions.json")  # installed, or in a checkout

Name = Annotated[
    str, typer.Argument(help="A message, such as OrderCreated.", autocompletion=lambda: sorted(language()))
]

OneOrAll = Annotated[
    str,
    typer.Argument(
        help="One message, with a sample; all, where it is left out.", autocompletion=lambda: sorted(language())
    ),
]


@verb("catalog", "mallbots catalog OrderCreated")
def catalog(
    tool: Tool,
    name: Annotated[
        str, typer.Argument(help="One message, with a sample; else all.", autocompletion=lambda: sorted(language()))
    ] = "",
    service: Annotated[str, typer.Option("--service", help="Messages that a service publishes or consumes.")] = "",
    diff: Annotated[str, typer.Option("--diff", help="What has changed since a revision of git, in a checkout.")] = "",
) -> None:
    """List the messages of the published language: versions, producers, consumers; or show one with a sample."""
    if diff and name:
        raise EndedError("--diff is of all messages: leave out the name", USAGE)
    if diff:
        _diff(tool, diff)
        return
    if name:
        _one(tool, _known(name))
        return
    found = [about(one) for one in language()]
    if service:
        found = [one for one in found if service == one["producer"] or service in one["consumers"]]
        if not found:
            raise unknown("service", service, {about(one)["producer"] for one in language()})
    rows = ([one["name"], one["kind"], one["versions"], one["producer"], one["consumers"] or "none"] for one in found)
    tool.out.rows(found, ("message", "kind", "versions", "producer", "consumers"), rows, "no messages")


@verb("send", "mallbots send OrderCreated --set order_id=order-2 --dry-run", changes=True)
def send(
    tool: Tool,
    name: Name,
    values: Annotated[list[str] | None, typer.Option("--set", help="A field of the data: total=1990.")] = None,
    to: Annotated[str, typer.Option("--to", help="One consumer alone, as a replay does it.")] = "",
) -> None:
    """Put a sample of a message on the bus of a local mall, for trying; a field may be set."""
    if not tool.stage.is_local:
        raise EndedError("samples are for a local mall: real consumers would believe them", USAGE)
    if language()[_known(name)].about.kind is Kind.TIMER:
        raise EndedError(f"{name} is a reminder of a service to itself, which never is on the bus", USAGE)
    message = _sample(name, language()[name].about.version)
    message["data"] |= dict(assigned(one) for one in values or ())
    message["metadata"] |= {"id": str(uuid.uuid4()), "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"}
    message |= {"to": to} if to else {}
    try:
        decode(name, message["metadata"]["version"], message["data"])
    except Exception as error:
        raise EndedError(f"that is no {name}: {error}", USAGE) from None
    if tool.agreed(f"put {name} about {message['metadata']['stream']} on the bus, for {_for(name)}"):
        entry = {"Source": message["metadata"]["source"], "DetailType": name, "Detail": json.dumps(message)}
        bus = tool.account.of("gateway").get("BusName", f"mallbots-{tool.stage_name}-bus")
        answer = tool.account.call("events", "put_events", Entries=[{**entry, "EventBusName": bus}])
        if answer["FailedEntryCount"]:
            raise EndedError(f"the bus refuses it: {answer['Entries'][0].get('ErrorMessage')}", FAILED)
    tool.out.show(message, lambda: tool.out.line(message["metadata"]["id"]))


def about(name: str) -> Json:
    """A message: what it is, whose, and who consumes it."""
    found = language()[name].about
    versions = sorted(int(file.name.split(".")[1][1:]) for file in (FOLDER / "samples").glob(f"{name}.v*.json"))
    return {
        "name": name,
        "kind": found.kind.value,
        "versions": versions,
        "producer": found.source,
        "to": found.to,
        "answers": found.answers.about.name if found.answers else None,
        "consumers": consumers().get(name, []),
    }


def subscriptions() -> dict[str, list[str]]:
    """The messages that each consumer takes, such as depot/inbox."""
    for base, file in zip((Path(__file__).parent, stages.CHECKOUT), SUBSCRIPTIONS, strict=True):
        if (base / file).exists():
            return _read(base / file)
    return {}


@cache
def _read(file: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(file.read_text())
    return found


def consumers() -> dict[str, list[str]]:
    """The services that consume each message."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for consumer, names in subscriptions().items():
        for name in names:
            found[name].add(consumer.partition("/")[0])
    return {name: sorted(services) for name, services in found.items()}


def services() -> set[str]:
    """The services that publish or consume."""
    return {one.about.source for one in language().values()} | {one for found in consumers().values() for one in found}


def _one(tool: Tool, name: str) -> None:
    one = about(name)
    schema = json.loads((FOLDER / "schemas" / f"{name}.v{one['versions'][-1]}.json").read_text())
    data = {**one, "schema": schema, "sample": _sample(name, one["versions"][-1])}

    def render() -> None:
        tool.out.pairs(one.items())
        tool.out.line((language()[name].__doc__ or "").strip().split("\n")[0])
        tool.out.line(json.dumps(data["sample"], indent=1))

    tool.out.show(data, render)


def _diff(tool: Tool, revision: str) -> None:
    before, now = _schemas_at(revision), {file.name: file.read_text() for file in (FOLDER / "schemas").glob("*.json")}
    found = {
        "added": sorted(now.keys() - before.keys()),
        "removed": sorted(before.keys() - now.keys()),
        "changed": sorted(name for name in now.keys() & before.keys() if now[name] != before[name]),
    }
    old, new = json.loads(_git("show", f"{revision}:{SUBSCRIPTIONS[1]}")), subscriptions()
    found |= {"subscribed": sorted(_pairs(new) - _pairs(old)), "unsubscribed": sorted(_pairs(old) - _pairs(new))}
    rows = [[what, name.removesuffix(".json")] for what, names in found.items() for name in names]
    tool.out.rows(found, ("what", "which"), rows, f"no schema and no consumer has changed since {revision}")


def _pairs(subscribed: dict[str, list[str]]) -> set[str]:
    return {f"{consumer} to {name}" for consumer, names in subscribed.items() for name in names}


def _schemas_at(revision: str) -> dict[str, str]:
    if not (stages.CHECKOUT / ".git").exists():
        raise EndedError("--diff needs a checkout of the repository", USAGE)
    listed = _git("ls-tree", "-r", "--name-only", revision, "events/schemas")
    return {Path(file).name: _git("show", f"{revision}:{file}") for file in listed.splitlines()}


def _git(*words: str) -> str:
    ran = subprocess.run(["git", *words], cwd=stages.CHECKOUT, capture_output=True, text=True)
    if ran.returncode:
        raise EndedError(f"git: {ran.stderr.strip()}", FAILED)
    return ran.stdout


def _known(name: str) -> str:
    if name not in language():
        raise unknown("message", name, language())
    return name


def _sample(name: str, version: int) -> Json:
    found: Json = json.loads((FOLDER / "samples" / f"{name}.v{version}.json").read_text())
    return found


def _for(name: str) -> str:
    return ", ".join(consumers().get(name, [])) or "no consumer"
