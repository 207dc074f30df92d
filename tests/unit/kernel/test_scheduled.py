"""Work that a schedule starts."""

from typing import Any

import pytest

from functions.kernel.messaging.scheduled import Scheduled


def test_the_work_of_a_room_is_done_with_the_event_of_each_invocation() -> None:
    room, done = Scheduled("jars", "tidier"), list[dict[str, Any]]()

    @room.work
    def tidy(event: dict[str, Any]) -> int:
        done.append(event)
        return len(done)

    assert [room.handle({"tick": 1}), room.handle({})] == [1, 2]
    assert done == [{"tick": 1}, {}]
    assert (room.service, room.name, room.expression) == ("jars", "tidier", "rate(1 minute)")


def test_a_room_has_one_work_and_without_it_does_nothing_silently() -> None:
    room = Scheduled("jars", "tidier")
    with pytest.raises(TypeError, match="tidier of jars registers no work"):
        room.handle({})
    room.work(lambda event: None)
    with pytest.raises(TypeError, match="tidier has its work already"):
        room.work(lambda event: None)


def test_what_the_work_raises_is_raised_so_that_its_function_fails() -> None:
    room = Scheduled("jars", "tidier")

    @room.work
    def tidy(event: dict[str, Any]) -> None:
        raise LookupError("no shelf")

    with pytest.raises(LookupError, match="no shelf"):
        room.handle({})
