"""The rules on the bus, tried on every sample of every version by a matcher of patterns that is not ours: moto's."""

import json
from typing import Any

import pytest
from moto.events.models import EventPattern

from events.customers import OneTimeCodeRequested
from events.registry import Kind, language
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.messaging.inbox import Inbox
from tests.contract.promises import consumers
from tests.contract.reading import Data, samples

INBOXES = {
    (service, inbox.queue): inbox
    for service in services()
    for inbox in manifest(service).inboxes
    if inbox.pattern["detail-type"]  # as infra/queues.py: one that hears nothing but its own timers has no rule
}
RULES = {queue: EventPattern.load(json.dumps(inbox.pattern)) for queue, inbox in INBOXES.items()}
SAMPLES = [
    pytest.param(detail, id=f"{detail['metadata']['name']}.v{detail['metadata']['version']}") for detail in samples()
]

each_sample = pytest.mark.parametrize("detail", SAMPLES)


def queues_of(detail: Data, **more: str) -> set[tuple[str, str]]:
    """The queues that the rules bring a message to: service and queue."""
    event: Any = {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "account": "111122223333",
        "region": "eu-west-1",
        "time": "2026-03-14T09:26:53Z",
        "resources": [],
        "source": detail["metadata"]["source"],
        "detail-type": detail["metadata"]["name"],
        "detail": detail | more,
    }
    return {queue for queue, rule in RULES.items() if rule.matches_event(event)}


# Seconds. What is gathered in longer windows may be late by these: rows, and texts that are promised within a minute.
WINDOWS = {
    "baskets/inbox": 5,
    "depot/gathered": 1,
    "insights/inbox": 5,
    "live/inbox": 1,
    "notifications/inbox": 5,
    "search/inbox": 5,
}


def test_only_what_neither_a_decision_nor_a_person_waits_for_is_gathered() -> None:
    """An inbox with a window answers no command, takes no reply, and texts no one-time code; it writes rows, or texts
    about orders.
    """
    gathered = {f"{service}/{queue}": inbox for (service, queue), inbox in INBOXES.items() if inbox.window}
    assert {name: inbox.window for name, inbox in gathered.items()} == WINDOWS
    for inbox in gathered.values():
        assert inbox.commands == {}
        assert {message.about.kind for message in inbox.messages} <= {Kind.EVENT, Kind.TIMER}
    committing = {name for name, inbox in gathered.items() if inbox.uses.streams != "none"}
    assert committing == {"baskets/inbox", "notifications/inbox"}  # a sweep abandons baskets
    assert OneTimeCodeRequested not in gathered["notifications/inbox"].messages
    assert {name for name, inbox in gathered.items() if inbox.uses.asks} == {"notifications/inbox"}


def test_every_pattern_is_short_enough_for_a_rule() -> None:
    """2,048 characters: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html."""
    for name, inbox in INBOXES.items():
        assert len(json.dumps(inbox.pattern, separators=(",", ":"))) < 2_048, name


def is_timer(detail: Data) -> bool:
    return language()[detail["metadata"]["name"]].about.kind is Kind.TIMER


def handles(inbox: Inbox, detail: Data) -> bool:
    return detail["metadata"]["name"] in {message.about.name for message in inbox.messages}


@each_sample
def test_a_message_reaches_exactly_its_consumers(detail: Data) -> None:
    assert {service for service, _ in queues_of(detail)} == set(consumers(detail["metadata"]["name"]))


@each_sample
def test_a_message_reaches_exactly_the_queues_whose_inbox_handles_it(detail: Data) -> None:
    expected = {queue for queue, inbox in INBOXES.items() if handles(inbox, detail) and not is_timer(detail)}
    assert queues_of(detail) == expected


@each_sample
def test_a_replay_reaches_the_one_consumer_that_it_is_for(detail: Data) -> None:
    everywhere = queues_of(detail)
    for service in services():
        assert queues_of(detail, to=service) == {queue for queue in everywhere if queue[0] == service}
    assert queues_of(detail, to="nobody") == set()


@each_sample
def test_a_message_that_another_source_claims_to_say_reaches_nobody(detail: Data) -> None:
    forged = detail | {"metadata": detail["metadata"] | {"source": "somebody.else"}}
    assert queues_of(forged) == set()


def test_a_timer_reaches_nobody_by_the_bus() -> None:
    timers = [detail for detail in samples() if is_timer(detail)]
    assert timers
    assert [queues_of(timer) for timer in timers] == [set()] * len(timers)


def test_a_message_that_nobody_knows_reaches_nobody() -> None:
    (known, *_) = samples()
    assert queues_of(known | {"metadata": known["metadata"] | {"name": "StoreBurnt"}}) == set()
