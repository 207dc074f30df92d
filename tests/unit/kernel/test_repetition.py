"""A message that is delivered again, or twice at once: it takes effect once, and is answered as before."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from functions.kernel.eventstore.item import from_item, to_item
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import runtime
from functions.kernel.runtime.causes import Causes
from functions.kernel.runtime.runtime import Runtime
from tests.support.contention import ContendedStore
from tests.support.delivery import delivered
from tests.support.handling import (
    DONE,
    FILL,
    Asked,
    answers,
    bus_of,
    committed,
    fill,
    fill_up_to,
    inbox_with,
)
from tests.support.jars import FillJar, Jar, JarFilled, chests, jars
from tests.support.runtime import memory_runtime


def test_a_repeated_command_changes_nothing_and_sends_its_recorded_answer_verbatim(running: Runtime) -> None:
    inbox = inbox_with(fill)
    inbox.handle(delivered(FILL))
    [recorded] = answers(committed(running))
    assert inbox.handle(delivered(FILL, tries=2)) == DONE
    assert bus_of(running).messages == [recorded]
    assert jars.get("jar-1").coins == 5


def test_a_repeated_command_is_answered_as_it_was_although_it_would_be_refused_now(running: Runtime) -> None:
    inbox = inbox_with(fill)
    inbox.handle(delivered(FILL))
    jars.change("jar-1", lambda jar: jar.seal())
    assert inbox.handle(delivered(FILL)) == DONE
    assert bus_of(running).names == ["JarFillAccepted"]


def test_a_repeated_command_whose_commit_another_code_wrote_without_an_answer_is_answered(running: Runtime) -> None:
    inbox = Inbox("jars")
    inbox.on(JarFilled)(lambda event: jars.create(event.jar_id, lambda jar: jar.fill(event.coins)))
    inbox.handle(delivered(JarFilled(jar_id="jar-1", coins=5, added=5)))
    assert inbox_with(fill).handle(delivered(FILL)) == DONE
    assert bus_of(running).names == ["JarFillAccepted"]
    assert jars.get("jar-1").coins == 5


def test_a_commit_whose_reply_was_lost_for_good_is_found_by_the_next_try() -> None:
    class DeafStore(MemoryEventStore):
        def commit(self, *commits: Any, beside: Any = ()) -> None:
            super().commit(*commits, beside=beside)
            if len(self.log) == 1:
                raise ConnectionError("no reply, though it was written")

    with runtime.active(memory_runtime("jars", store=DeafStore())) as running:
        inbox = inbox_with(fill)
        assert inbox.handle(delivered(FILL)) != DONE
        assert inbox.handle(delivered(FILL, tries=2)) == DONE
        assert jars.get("jar-1").coins == 5
        assert bus_of(running).messages == answers(committed(running))


def test_two_deliveries_of_a_command_at_once_take_effect_once() -> None:
    inbox = inbox_with(fill)
    store = ContendedStore(lambda: inbox.handle(delivered(FILL)))
    with runtime.active(memory_runtime("jars", store=store)) as running:
        assert inbox.handle(delivered(FILL)) == DONE
        assert jars.get("jar-1").coins == 5
        assert bus_of(running).messages == answers(committed(running))


def test_a_handler_that_changes_several_things_goes_on_where_it_was_interrupted(running: Runtime) -> None:
    faults: list[Exception] = [ConnectionError("in between")]

    def handle(event: Asked) -> None:
        jars.create(event.jar_id, lambda jar: jar.fill(1))
        if faults:
            raise faults.pop()
        chests.create(event.jar_id, lambda chest: chest.fill(1))

    inbox = Inbox("jars")
    inbox.on(Asked)(handle)
    event = delivered(Asked(jar_id="jar-1"))
    assert inbox.handle(event) != DONE
    for _ in range(2):
        assert inbox.handle(event) == DONE
    assert (jars.get("jar-1").coins, chests.get("jar-1").coins) == (1, 1)


def forget_causes(running: Runtime) -> None:
    """As after more than 256 other messages: the stream does not know its causes any more."""
    assert isinstance(running.store, MemoryEventStore)
    for item in running.store.log:
        commit = from_item(item)
        assert commit.snapshot
        forgetful = replace(commit, cause=None, snapshot=msgspec.structs.replace(commit.snapshot, causes=Causes()))
        item.update(to_item(forgetful))


def seal(command: FillJar) -> None:
    jars.create(command.jar_id, lambda jar: jar.seal())


@pytest.mark.parametrize("handler", [fill_up_to, seal])
@pytest.mark.parametrize("forgotten", [False, True])
def test_a_decision_that_is_idempotent_by_state_is_accepted_again_even_when_the_cause_is_forgotten(
    running: Runtime, handler: Callable[[FillJar], None], forgotten: bool
) -> None:
    inbox = inbox_with(handler)
    inbox.handle(delivered(FILL))
    before = Jar.state(jars.get("jar-1"))
    if forgotten:
        forget_causes(running)
    assert inbox.handle(delivered(FILL)) == DONE
    assert jars.get("jar-1").state() == before
    assert jars.get("jar-1").version == 1
    assert bus_of(running).names == ["JarFillAccepted"]


def test_only_a_decision_that_is_not_idempotent_depends_on_the_remembered_cause(running: Runtime) -> None:
    inbox = inbox_with(fill)
    for _ in range(3):
        inbox.handle(delivered(FILL))
    assert jars.get("jar-1").coins == 5
    forget_causes(running)
    inbox.handle(delivered(FILL))
    assert jars.get("jar-1").coins == 10
