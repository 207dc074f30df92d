"""The checker's own tables equal what the services register and what the message language says."""

import re
from importlib import import_module
from importlib.util import find_spec

from events.registry import Command, Kind, Reply, language
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.eventstore.repository import Repository
from tests.simulation.check import access, subscribers
from tests.simulation.check.projections import BY_EVENT
from tests.simulation.check.transitions import MACHINES, UNCHANGED


def test_each_message_has_the_subscribers_that_services_register() -> None:
    registered: dict[str, set[str]] = {}
    for service in services():
        for inbox in manifest(service).inboxes:
            for name in inbox.pattern["detail-type"]:
                registered.setdefault(name, set()).add(f"{service}/{inbox.queue}")
    received = {name: set(queues) for name, queues in subscribers.SUBSCRIBERS.items() if queues}
    assert received == registered


def test_each_command_has_the_answers_that_the_language_declares() -> None:
    answers: dict[str, set[str]] = {}
    for message in language().values():
        if issubclass(message, Reply) and message.about.answers:
            answers.setdefault(message.about.answers.about.name, set()).add(message.about.name)
    assert {name: set(found) for name, (_, found) in subscribers.ANSWERS.items()} == answers


def test_each_command_goes_to_the_queue_of_its_service() -> None:
    commands = {name: message for name, message in language().items() if issubclass(message, Command)}
    assert {name: queue for name, (queue, _) in subscribers.ANSWERS.items()} == {
        name: f"{message.about.to}/inbox" for name, message in commands.items()
    }


def test_timers_and_versions_are_those_of_the_language() -> None:
    known = language()
    assert {name for name, message in known.items() if message.about.kind is Kind.TIMER} == subscribers.TIMERS
    assert {
        name: message.about.version for name, message in known.items() if message.about.version > 1
    } == subscribers.VERSIONS


def test_each_kind_of_aggregate_has_its_legal_events() -> None:
    found: dict[str, set[str]] = {}
    for module in ("service", "sessions", "reconciliation"):
        for service in services():
            path = f"functions.{service}.{module}"
            members = vars(import_module(path)).values() if find_spec(path) else ()
            found |= {m.aggregate.__name__: set(m.aggregate.event_types) for m in members if isinstance(m, Repository)}
    legal = {kind: {event for events in machine.values() for event in events} for kind, machine in MACHINES.items()}
    assert {kind: {*events, UNCHANGED} for kind, events in legal.items()} == found


def test_each_message_that_a_read_model_is_rebuilt_from_is_in_the_language() -> None:
    assert set(BY_EVENT) <= set(language())


def test_the_matrix_has_every_route_of_the_services_with_the_roles_that_it_declares() -> None:
    apis = [api for api in (manifest(service).api for service in services()) if api]
    declared = {
        f"{route.method} {re.sub(r'{[^}]+}', '*', route.path)}": {*route.may} for api in apis for route in api.routes
    }
    assert {route: {*roles} for route, (roles, _) in access.MATRIX.items()} == declared
