"""The causation tree of a timeline."""

from clients.cli.tree import branches
from clients.mall import Json


def message(id: str, second: int, cause: str | None, stream: str = "Order#1") -> Json:
    return {"id": id, "time": f"2026-03-14T09:00:{second:02}.000000Z", "causationId": cause, "stream": stream}


def drawn(*messages: Json) -> list[str]:
    return [f"{' ' * one.depth}{one.message['id']}" for one in branches(list(messages))]


def test_a_message_is_under_its_cause_and_what_a_request_led_to_is_a_root() -> None:
    assert drawn(message("b", 2, "a"), message("a", 1, None), message("c", 3, None)) == ["a", " b", "c"]


def test_messages_whose_cause_is_not_there_are_each_under_what_their_stream_said_before_that() -> None:
    asked = message("ask", 1, None, "Saga#1")
    commands = [message(id, 3, "an answer that no commit holds", "Saga#1") for id in ("list", "pay")]
    assert drawn(asked, message("other", 2, None), *commands) == ["ask", " list", " pay", "other"]


def test_a_message_whose_cause_is_not_there_is_a_root_where_its_stream_said_nothing_before() -> None:
    assert drawn(message("a", 1, None), message("b", 2, "elsewhere", "List#1")) == ["a", "b"]


def test_the_time_since_is_that_since_the_message_above() -> None:
    asked, command = message("ask", 1, None), message("list", 3, "elsewhere")
    assert [one.gap for one in branches([asked, command])] == [None, 2.0]
