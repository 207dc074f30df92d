"""The `replay` function of a service: rows of history, and nothing at hand that has an effect elsewhere."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from events.checkout import RejectOrder
from events.envelope import Metadata
from events.queries import FindCustomerStatus
from events.registry import Message
from functions.kernel.composition import replay
from functions.kernel.composition.replay import OutOfReachError, rows_alone
from functions.kernel.domain.errors import InvalidError
from functions.kernel.messaging.inbox import publish
from functions.kernel.messaging.queries import Ask
from functions.kernel.messaging.replaying import Replay
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import budget, clock, runtime
from functions.kernel.runtime.commit import Commit, Outgoing, StoredEvent
from functions.kernel.runtime.runtime import Port, Runtime, active
from functions.kernel.runtime.views import Row
from tests.support.jars import FillJar, JarFilled, JarForgotten, JarSealed, JarState
from tests.support.runtime import RecordingBus, RecordingQueue, memory_runtime
from tests.support.shelf import NOON, Shelf, detail

FILLED = detail(JarFilled(jar_id="jar-1", coins=1, added=1), "Jar#1", 1, NOON)
texts: Port[Any] = Port("texts", connect=lambda: "a provider of texts")
COMMIT = Commit("Jar#1", 1, "id", (StoredEvent.of("Filled", 1, {}),), clock.stamp(NOON))

# What a projection must not do, each by what a service does it with.
EFFECTS: dict[str, Callable[[], object]] = {
    "commit to a stream": lambda: runtime.current().store.commit(COMMIT),
    "load a stream": lambda: list(runtime.current().store.backwards("Jar#1", 4)),
    "read the vault": lambda: runtime.current().vault.get("customer", "key"),
    "publish": lambda: publish([Outgoing(FILLED)]),
    "send to its queue": lambda: runtime.current().queue.send("{}"),
    "send to another of its queues": lambda: runtime.current().queues["dispatcher"].send("{}"),
    "look for another of its queues": lambda: runtime.current().queues.get("dispatcher"),
    "dead-letter": lambda: runtime.current().dead_letters.send("{}"),
    "ask another service": lambda: Ask(FindCustomerStatus).or_none(customer_id="1"),
    "call a port": texts,
    "take an adapter": lambda: runtime.current().adapters["texts"],
    "sign a token": lambda: runtime.current().signing_key,
    "read the keys of tokens": lambda: runtime.current().token_keys(),
}


def replay_of(work: Callable[[], object]) -> Replay:
    """The replay of a service whose projection does this."""
    projection = Projection(View("jars", partitions=("jars",)))

    @projection.on(JarFilled)
    def jar_row(event: JarFilled, metadata: Metadata) -> Row:
        work()
        return Row("jars", event.jar_id, {"coins": event.coins})

    return Replay([projection])


@pytest.mark.parametrize("effect", EFFECTS)
def test_a_projection_that_does_more_than_make_rows_fails_and_has_no_effect(effect: str) -> None:
    running = memory_runtime("jars", adapters={"texts": "a provider of texts"}, invoke=lambda service, request: {})
    asked = replay_of(EFFECTS[effect])
    with active(rows_alone(running, asked.views)):
        answer = asked.handle({"apply": {"messages": [FILLED], "view": None, "generation": None}})
    [failed] = answer["failed"]
    assert (answer["applied"], failed["error"]) == (1, OutOfReachError.__name__)
    assert isinstance(running.views, MemoryViews)
    assert running.views.items == {}
    assert isinstance(running.bus, RecordingBus)
    assert isinstance(running.queue, RecordingQueue)
    assert (running.bus.messages, running.queue.sent) == ([], [])


def rows_and_answer(messages: list[dict[str, Any]], **asked: Any) -> tuple[dict[Any, Any], dict[str, Any]]:
    shelf = Shelf()
    answer = shelf.asks({"apply": {"messages": messages, **asked}})
    return shelf.table.items, answer


def test_messages_are_applied_to_every_view_that_knows_them_and_others_are_passed_over() -> None:
    unknown = detail(RejectOrder(order_id="1", reason="no"), "Order#1", 1, NOON)
    rows, answer = rows_and_answer([unknown, FILLED])
    assert answer == {"applied": 2, "failed": []}
    assert ("jars", "jar-1") in rows


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"metadata": {"name": "JarFilled"}}, "UndeliverableError"),
        ({**FILLED, "data": {"jar_id": "jar-2"}}, "UndeliverableError"),
        ({**FILLED, "metadata": {**FILLED["metadata"], "version": 99}}, "UndeliverableError"),
    ],
)
def test_a_message_that_cannot_be_read_is_said_with_its_reason_and_holds_up_no_other(
    broken: dict[str, Any], error: str
) -> None:
    rows, answer = rows_and_answer([broken, FILLED])
    [failed] = answer["failed"]
    assert (failed["detail"], failed["error"]) == (broken, error)
    assert ("jars", "jar-1") in rows


def test_what_may_pass_fails_the_whole_request_which_is_made_again() -> None:
    def throttled() -> None:
        raise ConnectionError("timed out")

    asked = replay_of(throttled)
    transient = pytest.raises(Exception, match="timed out")
    with active(rows_alone(memory_runtime("jars"), asked.views)), transient:
        asked.handle({"apply": {"messages": [FILLED]}})


def test_a_request_ends_in_time_and_says_how_far_it_came() -> None:
    messages = [detail(JarFilled(jar_id=f"jar-{n}", coins=1, added=1), f"Jar#{n}", 1, NOON) for n in range(5)]
    shelf, left = Shelf(), iter([20.0, 20.0, 3.0])
    with budget.limited(lambda: next(left, 3.0)):
        answer = shelf.asks({"apply": {"messages": messages}})
    assert 0 < answer["applied"] < 5
    assert len({key for key in shelf.table.items if key[0] == "jars"}) == answer["applied"]


def test_a_view_says_of_which_messages_it_is_made_without_timers() -> None:
    projection = Projection(View("all", partitions=("all",)))

    @projection.on(JarFilled, FillJar, JarForgotten)
    def row(message: Message, metadata: Metadata) -> None:
        return None

    asked = Replay([projection])
    assert asked.handle({"describe": {}}) == {
        "views": {
            "all": [
                {"name": "FillJar", "source": "jars", "kind": "command"},
                {"name": "JarFilled", "source": "jars", "kind": "event"},
            ]
        }
    }
    with pytest.raises(InvalidError, match="a replay describes"):
        asked.handle({"handle": {}})


def test_a_view_is_made_of_its_own_messages_alone_also_where_its_projection_includes_another() -> None:
    whole = Projection(View("jars", partitions=("jars",)))
    other = Projection(View("lids", partitions=("lids",)))

    @whole.on(JarFilled)
    def jar_row(event: JarFilled, metadata: Metadata) -> Row:
        return Row("jars", event.jar_id, {"coins": event.coins})

    @other.on(JarFilled, JarSealed)
    def lid_row(event: JarState, metadata: Metadata) -> Row:
        return Row("lids", event.jar_id, {"of": event.jar_id})

    whole.include(other)
    asked = Replay([whole])
    described = {view: [one["name"] for one in ones] for view, ones in asked.handle({"describe": {}})["views"].items()}
    assert described == {"jars": ["JarFilled"], "lids": ["JarFilled", "JarSealed"]}
    running = memory_runtime("jars")
    with active(rows_alone(running, asked.views)):
        asked.handle({"apply": {"messages": [FILLED], "view": "jars", "generation": 4}})
    assert isinstance(running.views, MemoryViews)
    assert list(running.views.items) == [("g4/jars", "jar-1")]


def test_a_service_of_the_mall_answers_by_its_own_views_and_says_what_it_refuses() -> None:
    running: Runtime = memory_runtime("search")
    with active(running), clock.fixed(lambda: NOON + timedelta(days=1)):
        described = replay.handle({"describe": {}})
        assert list(described["views"]) == ["orders"]
        assert replay.handle({"begin": {"view": "nothing", "run": "1"}}) == {
            "refused": "there is no view nothing: there are orders"
        }
        assert replay.handle({"begin": {"view": "orders", "run": "1"}})["generation"] == 1
