"""Which rows of each service can be made again from history, and which cannot, because its use cases write them.

functions/operations/README.md says the same for operators.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from events.registry import Command, Kind, language
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.domain.errors import RefusedError
from functions.kernel.projections.generation import View, is_among, split
from functions.kernel.projections.view_store import MemoryViews
from functions.operations import failed_messages
from functions.operations.replay_plans import REFUSALS
from functions.operations.runs import Run
from tests.flow.a_day import a_day, afternoon, morning
from tests.support.operated import views_of

README = Path(__file__).parents[2] / "functions/operations/README.md"
CONSOLE = Path(__file__).parents[2] / "clients/console/logic/operations.ts"

# Rows that no rebuild brings back, by their partitions, or how these begin: use cases write them, and no projection.
WRITTEN_BY_USE_CASES = {
    "checkout": ("running", "sagas"),
    "depot": ("heard", "waiting lists", "idle bots"),
    "fleet": ("reports", "connections", "takeovers", "list#"),
    "live": ("watch ", "log ", "connection ", "subscribers "),
    "payments": ("payments of ", "payments without an order", "reconciled days", "reconciliation runs", "sandbox "),
}
VIEWS = [(name, view) for name in services() for view in views_of(manifest(name))]
NAMED = [f"{name} {view.name}" for name, view in VIEWS]


def is_written_by_use_cases(service: str, partition: str) -> bool:
    return partition.startswith(WRITTEN_BY_USE_CASES.get(service, ()))


def test_after_a_day_every_row_is_of_one_view_or_is_known_to_be_written_by_use_cases() -> None:
    day = a_day()
    morning(day)
    afternoon(day)
    unknown: set[tuple[str, str]] = set()
    for service, runtime in day.mall.runtimes.items():
        assert isinstance(runtime.views, MemoryViews)
        views = views_of(day.mall.manifests[service])
        for partition, _ in runtime.views.items:
            of = [view for view in views if view.has(partition)]
            assert len(of) <= 1, f"{partition} of {service} is in two views"
            assert not (of and is_written_by_use_cases(service, partition))
            if not of and not is_written_by_use_cases(service, partition):
                unknown.add((service, partition))
    assert unknown == set()


@pytest.mark.parametrize(("service", "view"), VIEWS, ids=NAMED)
def test_a_projection_makes_rows_of_its_own_view_alone_and_in_its_indexes_alone(service: str, view: View) -> None:
    others = [other for name, other in VIEWS if name == service and other is not view]
    assert not [name for other in others for name in other.partitions if is_among(name, view.partitions)]
    assert not {index for other in others for index in other.indexes} & set(view.indexes)
    assert all(split(name) == (0, name) for name in (*view.partitions, *view.derived))  # none looks like a prefix


def test_each_view_has_a_name_of_its_own_in_its_service() -> None:
    assert len(set(NAMED)) == len(NAMED)


def test_operators_are_told_what_can_be_rebuilt_and_what_cannot() -> None:
    text = README.read_text()
    assert [one for one in VIEWS if f"`{one[1].name}`" not in text] == []
    assert [name for name in WRITTEN_BY_USE_CASES if name not in text] == []


@pytest.mark.parametrize(("service", "view"), VIEWS, ids=NAMED)
def test_a_message_that_fails_in_a_view_goes_back_to_a_consumer_that_subscribes_to_it_and_feeds_the_view(
    service: str, view: View
) -> None:
    inboxes = {f"{service}/{inbox.queue}": inbox for inbox in manifest(service).inboxes}
    [part] = {
        part
        for inbox in inboxes.values()
        for projection in inbox.projections
        for part in projection.parts
        if part.view == view
    }
    for message in (one for one in part.own_messages if one.about.kind is not Kind.TIMER):
        for asked in ({"view": view.name}, {}):
            run = Run("run-1", asked, "operator:ada", "2026-03-01T12:00:00Z", to=service)
            found = inboxes[failed_messages.consumer_of(run, message.about.name)]
            assert message in found.messages
            assert [one for projection in found.projections for one in projection.parts if one is part], message


def test_the_console_offers_each_view_that_can_be_rebuilt_and_no_other() -> None:
    _, _, offered = CONSOLE.read_text().partition("export const VIEWS")
    lines = re.findall(r"^  (\w+): \[(.*)\],$", offered.partition("};")[0], re.MULTILINE)
    shown = {(service, view) for service, views in lines for view in re.findall(r'"(\w+)"', views)}
    assert shown == {(service, view.name) for service, view in VIEWS}


def test_the_refusals_that_no_commit_holds_are_those_that_the_inboxes_register() -> None:
    """A refusal is published without a commit (kernel/messaging/inbox.py); each command here is refused once."""
    refusals: set[str] = set()
    for service in services():
        for inbox in manifest(service).inboxes:
            for name in inbox.commands:
                answers = inbox._answers[name]
                command = _command(name)
                accepted = type(answers.accepted(command)).about.name
                refused = type(answers.refused(command, RefusedError("no", state="rejected"))).about.name
                refusals |= {refused} - {accepted}
    assert refusals == set(REFUSALS)


def test_every_reply_is_an_acceptance_or_such_a_refusal() -> None:
    replies = {name for name, message in language().items() if message.about.kind is Kind.REPLY}
    assert set(REFUSALS) < replies


def _command(name: str) -> Any:
    """A command with ids alone, for the replies that are made of it."""
    known: type[Command] = language()[name]  # type: ignore[assignment]
    made: Callable[..., Any] = known.model_construct
    return made(**dict.fromkeys(known.model_fields, "1") | _numbers(known))


def _numbers(command: type[Command]) -> dict[str, int]:
    return {name: 1 for name, field in command.model_fields.items() if field.annotation is int}
