"""Read models: rows that are right whenever, however often and in whatever order messages come."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from events.envelope import Metadata
from events.registry import Event
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.projections.projection import Projection, read
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from tests.support.delivery import delivered
from tests.support.jars import JarFilled, JarSealed
from tests.support.runtime import memory_runtime

DONE: dict[str, list[Any]] = {"batchItemFailures": []}


class JarSmashed(Event, source="jars", key="jar_id"):
    """There is no jar any more."""

    jar_id: str


projection = Projection(indexes=["by_state"])


@projection.on(JarFilled, JarSealed)
def jar_row(message: JarFilled | JarSealed, metadata: Metadata) -> Row:
    sealed = isinstance(message, JarSealed)
    return Row(
        partition="jars",
        sort=message.jar_id,
        data={"coins": message.coins, "sealed": sealed, "at": metadata.stream_version},
        indexes={"by_state": ("sealed" if sealed else "open", message.jar_id)},
    )


@projection.on(JarSmashed)
def smashed_row(message: JarSmashed, metadata: Metadata) -> Row:
    return Row("jars", message.jar_id, None)


inbox = Inbox("jars")
inbox.include(projection)


@pytest.fixture
def running() -> Iterator[Runtime]:
    with runtime.active(memory_runtime("jars", views=MemoryViews(projection.indexes))) as running:
        yield running


FIRST = delivered(JarFilled(jar_id="jar-1", coins=1, added=1), id="m1", stream_version=1)
SECOND = delivered(JarFilled(jar_id="jar-1", coins=3, added=2), id="m2", stream_version=2)
THIRD = delivered(JarSealed(jar_id="jar-1", coins=3), id="m3", stream_version=3)
SMASHED = delivered(JarSmashed(jar_id="jar-1"), id="m4", stream_version=4)


@pytest.mark.parametrize("order", list(itertools.permutations([FIRST, SECOND, THIRD])))
@pytest.mark.usefixtures("running")
def test_rows_come_out_the_same_in_any_order_and_with_every_message_twice(
    order: tuple[dict[str, Any], ...],
) -> None:
    for event in [*order, *order]:
        assert inbox.handle(event) == DONE
    assert read("jars", "jar-1") == {"coins": 3, "sealed": True, "at": 3}


@pytest.mark.parametrize("order", list(itertools.permutations([FIRST, THIRD, SMASHED])))
def test_what_is_gone_stays_gone_in_any_order(running: Runtime, order: tuple[dict[str, Any], ...]) -> None:
    for event in [*order, *order]:
        inbox.handle(event)
    assert read("jars", "jar-1") is None
    assert running.views.query("sealed", index="by_state").rows == []
    assert running.views.query("open", index="by_state").rows == []


def test_a_row_leaves_the_index_that_it_was_found_by(running: Runtime) -> None:
    inbox.handle(FIRST)
    assert len(running.views.query("open", index="by_state").rows) == 1
    inbox.handle(THIRD)
    assert running.views.query("open", index="by_state").rows == []
    assert len(running.views.query("sealed", index="by_state").rows) == 1


def test_a_message_may_make_several_rows_or_none(running: Runtime) -> None:
    some = Projection()
    some.on(JarFilled)(lambda message, metadata: [Row("a", "1", {}), Row("b", "1", {})])
    some.on(JarFilled)(lambda message, metadata: None)
    some.on(JarFilled)(lambda message, metadata: Row("c", "1", {}))
    several = Inbox("jars")
    several.include(some)
    assert several.handle(FIRST) == DONE
    assert [read(partition, "1") for partition in "abc"] == [{}, {}, {}]


def test_it_has_its_messages_subscribed_to() -> None:
    assert inbox.messages == [JarFilled, JarSealed, JarSmashed]
    assert projection.indexes == ("by_state",)


def test_an_included_projection_makes_its_rows_beside_those_that_are_there() -> None:
    whole, other = Projection(indexes=["by_state"]), Projection(indexes=["by_state", "by_coins"])

    @whole.on(JarFilled)
    def one(message: JarFilled, metadata: Metadata) -> Row:
        return Row("jars", message.jar_id, {"coins": message.coins})

    @other.on(JarFilled, JarSealed)
    def another(message: JarFilled | JarSealed, metadata: Metadata) -> Row:
        return Row("lids", message.jar_id, {"sealed": isinstance(message, JarSealed)})

    whole.include(other)
    jars = Inbox("jars")
    jars.include(whole)
    with runtime.active(memory_runtime("jars")):
        assert jars.handle(FIRST) == DONE
        assert jars.handle(THIRD) == DONE
        assert (read("jars", "jar-1"), read("lids", "jar-1")) == ({"coins": 1}, {"sealed": True})
    assert whole.indexes == ("by_state", "by_coins")
    assert other.makers[JarFilled] == [another]
