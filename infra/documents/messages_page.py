"""The catalogue of messages, commands and queries: a page in Markdown, made from what the services register."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from events.registry import Kind, Message, Timer, language
from functions.kernel.composition.manifest import Manifest, manifest, services

INTRODUCTION = """\
# Messages, commands and queries

Made by `make docs` from what the services register. A number is a version, its schema and its sample; a consumer that
knows the newest understands the older ones too, which a replay still brings. What each consumer reads of a message is
stated in `tests/contract/consumers`; how one changes is said in [the published language](../events/README.md).
[asyncapi.json](asyncapi.json) says the same for programs, and [openapi.json](openapi.json) what is asked over REST.
"""


def page(heard: Mapping[str, set[str]]) -> str:
    """The page; `heard` are the consumers of each message."""
    lines = [INTRODUCTION]
    for service in services():
        registered = manifest(service)
        said = [message for message in language().values() if message.about.source == service]
        lines += [f"## {service}", "", _about(service, said), ""]
        lines += _table("message | kind | versions | heard by", (_said(m, heard) for m in said if not _own(m)))
        lines += _table("command | from | answers | model | handler", _commands(registered))
        lines += _table("query | asked by | answer | model | handler", _queries(registered))
        lines += _table("timer to itself | versions | comes", (_timer(m, registered) for m in said if _own(m)))
    return "\n".join(lines).rstrip() + "\n"


def _about(service: str, said: list[type[Message]]) -> str:
    if not said:
        return "It says nothing; it only hears."
    return (import_module(f"events.{service}").__doc__ or "").strip().split("\n")[0]


def _own(message: type[Message]) -> bool:
    return message.about.kind is Kind.TIMER


def _table(head: str, rows: Iterator[str]) -> list[str]:
    found = list(rows)
    if not found:
        return []
    return [f"| {head} |", "|---" * (head.count("|") + 1) + "|", *found, ""]


def _said(message: type[Message], heard: Mapping[str, set[str]]) -> str:
    by = ", ".join(sorted(heard.get(message.about.name, ()))) or "nobody yet"
    return f"| {message.about.name} | {message.about.kind} | {_versions(message)} | {by} |"


def _versions(message: type[Message]) -> str:
    return "; ".join(_version(message, version) for version in range(message.about.version, 0, -1))


def _version(message: type[Message], version: int) -> str:
    file = f"{message.about.name}.v{version}.json"
    return f"{version}: [schema](../events/schemas/{file}), [sample](../events/samples/{file})"


def _commands(registered: Manifest) -> Iterator[str]:
    for inbox in registered.inboxes:
        for name, handler in inbox.commands.items():
            command = language()[name]
            answers = ", ".join(reply.about.name for reply in language().values() if reply.about.answers is command)
            yield f"| {name} | {command.about.source} | {answers} | {_where(command)} | {_where(handler)} |"


def _queries(registered: Manifest) -> Iterator[str]:
    if registered.queries is None:
        return
    for name, (query, handler) in sorted(registered.queries.handlers.items()):
        by = ", ".join(service for service in services() if query in manifest(service).questions)
        yield f"| {name} | {by} | {query.answer.__name__} | {_where(query)} | {_where(handler)} |"


def _timer(timer: type[Message], registered: Manifest) -> str:
    schedules: dict[type[Timer], str] = {}
    for inbox in registered.inboxes:
        schedules |= inbox.schedules
    comes = f"by schedule, {schedules[timer]}" if timer in schedules else "when it is due"
    return f"| {timer.about.name} | {_versions(timer)} | {comes} |"


def _where(thing: type | Callable[..., Any]) -> str:
    return f"`{thing.__module__}.{thing.__name__}`"
