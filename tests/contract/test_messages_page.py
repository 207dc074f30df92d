"""The catalogue: docs/messages.md has all that is said and all that is answered, and who is asked for more says no."""

import json
import re
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from events.queries import FindBotCredential, FindCustomerStatus, Query
from events.registry import Command, Kind, language
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.domain.errors import InvalidError
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from language.generate import ROOT
from tests.support.delivery import attributes, body_of
from tests.support.runtime import RecordingQueue, memory_runtime

PAGE = (ROOT / "docs" / "messages.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}
ASKED_BY_THE_AUTHORIZER = {FindBotCredential, FindCustomerStatus}
COMMANDS = [message for message in language().values() if issubclass(message, Command)]
OWNED = [query for base in Query.__subclasses__() for query in (base, *base.__subclasses__()) if "owner" in vars(query)]
INBOXES = [
    pytest.param(service, inbox, id=f"{service}-{inbox.queue}")
    for service in services()
    for inbox in manifest(service).inboxes
]


def row(service: str, name: str) -> list[str]:
    """The cells of the one row of a service's section that begins with a name."""
    (line,) = (line for line in SECTIONS[service].split("\n") if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def named(cell: str) -> Any:
    """What a cell names by its module."""
    module, _, name = cell.strip("`").rpartition(".")
    return getattr(import_module(module), name)


def test_there_is_a_section_for_every_service_but_operations_which_has_no_part_in_the_language() -> None:
    assert list(SECTIONS) == [service for service in services() if service != "operations"]


@pytest.mark.parametrize("name", language())
def test_a_message_is_listed_once_by_who_says_it_with_a_schema_and_a_sample_of_every_version(name: str) -> None:
    message = language()[name]
    cells = row(message.about.source, name)
    versions = cells[1] if message.about.kind is Kind.TIMER else cells[2]
    links = re.findall(r"\(\.\./(\S+)\)", versions)
    assert links == [
        f"events/{folder}/{name}.v{version}.json"
        for version in range(message.about.version, 0, -1)
        for folder in ("schemas", "samples")
    ]
    assert all((ROOT / link).is_file() for link in links)


def test_the_consumers_of_a_message_are_listed() -> None:
    assert row("ordering", "OrderReadied")[3].split(", ") == [
        *("insights", "live", "notifications", "ordering", "payments", "search"),
    ]


def test_a_timer_that_a_schedule_brings_is_told_from_a_reminder() -> None:
    assert row("payments", "ReconciliationDue")[2] == "by schedule, cron(0 2 * * ? *)"
    assert row("payments", "RefundDue")[2] == "when it is due"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.about.name)
def test_a_command_is_listed_by_who_answers_it_with_its_model_its_handler_and_its_answers(
    command: type[Command],
) -> None:
    _, asked_by, answers, model, handler = row(str(command.about.to), command.about.name)
    assert asked_by == command.about.source
    assert answers.split(", ") == [reply.about.name for reply in language().values() if reply.about.answers is command]
    assert named(model) is command
    registered = [inbox.commands.get(command.about.name) for inbox in manifest(str(command.about.to)).inboxes]
    assert named(handler) in registered


@pytest.mark.parametrize("query", OWNED, ids=lambda query: query.__name__)
def test_a_query_is_listed_by_who_answers_it_with_its_model_its_handler_and_who_asks(query: type[Query[Any]]) -> None:
    _, asked_by, answer, model, handler = row(query.owner, query.__name__)
    asking = [service for service in services() if query in manifest(service).questions]
    asking += ["gateway"] * (query in ASKED_BY_THE_AUTHORIZER)
    assert asked_by.split(", ") == (asking or ["none"])
    assert (named(model), answer) == (query, query.answer.__name__)
    queries = manifest(query.owner).queries
    assert queries
    assert queries.handlers[query.__name__] == (query, named(handler))


def test_every_command_and_every_query_has_somebody_who_answers_it() -> None:
    answered = {name for service in services() for inbox in manifest(service).inboxes for name in inbox.commands}
    assert answered == {command.about.name for command in COMMANDS}
    asked = [queries.handlers for service in services() if (queries := manifest(service).queries)]
    assert {name for handlers in asked for name in handlers} == {query.__name__ for query in OWNED}


def refused(service: str, inbox: Inbox, detail: dict[str, Any]) -> str:
    """The reason with which an inbox dead-letters a message, whole, that it has waited a day to understand."""
    body = body_of(detail)
    record = {
        "messageId": "m-1",
        "receiptHandle": "r-1",
        "body": body,
        "attributes": attributes(105, clock.now() - timedelta(days=1)),
    }
    dead_letters = RecordingQueue()
    with active(memory_runtime(service, dead_letters=dead_letters)):
        assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
    (letter,) = dead_letters.sent
    assert letter.body == body
    assert letter.reason
    return letter.reason["reason"]


def sample(name: str) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads((ROOT / "events" / "samples" / f"{name}.v1.json").read_text())
    return detail


@pytest.mark.parametrize(("service", "inbox"), INBOXES)
def test_a_command_that_nobody_knows_is_dead_lettered_with_the_reason(service: str, inbox: Inbox) -> None:
    detail = sample("ApproveOrder")
    detail["metadata"]["name"] = "PaintTheStore"
    assert refused(service, inbox, detail) == f"{service} does not handle PaintTheStore"


@pytest.mark.parametrize(("service", "inbox"), INBOXES)
def test_a_command_for_another_service_is_dead_lettered_with_the_reason(service: str, inbox: Inbox) -> None:
    handled = {message.about.name for message in inbox.messages}
    foreign = [command.about.name for command in COMMANDS if command.about.name not in handled]
    if service == "insights":  # it drains them: the release before took all
        return
    reasons = [refused(service, inbox, sample(name)) for name in foreign]
    assert reasons == [f"{service} does not handle {name}" for name in foreign]
    assert foreign


@pytest.mark.parametrize("service", [service for service in services() if manifest(service).queries])
def test_a_query_that_a_service_does_not_know_is_refused_and_says_what_it_answers(service: str) -> None:
    queries = manifest(service).queries
    assert queries
    known = ", ".join(sorted(queries.handlers))
    with pytest.raises(InvalidError, match=f"^{service} does not answer 'FindLamp': it answers {known}$"):
        queries.handle({"query": "FindLamp", "data": {}})
