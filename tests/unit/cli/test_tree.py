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


def test_what_followed_from_a_message_is_under_it_where_a_fast_clock_dates_the_message_later() -> None:
    first, available = message("created", 1, None, "List#1"), message("available", 5, "elsewhere", "List#1")
    assigned, robot = message("assigned", 4, "available", "List#1"), message("robot", 4, "available", "Bot#1")
    assert drawn(first, assigned, robot, available) == ["created", " available", "  assigned", "  robot"]
    assert {one.message["id"]: one.gap for one in branches([first, assigned, available])}["assigned"] == 0


def test_no_message_is_missing_where_clocks_make_two_streams_look_as_if_each_came_before_the_other() -> None:
    a, b = message("a", 5, "elsewhere", "A#1"), message("b", 3, "d", "A#1")
    c, d = message("c", 2, "a", "D#1"), message("d", 4, "elsewhere too", "D#1")
    assert drawn(a, b, c, d) == ["a", " c", "  d", "   b"]


def test_no_message_is_missing_where_causes_form_a_circle() -> None:
    a, b = message("a", 1, "b"), message("b", 2, "a")
    assert drawn(a, b, message("c", 3, "elsewhere")) == ["a", " b", "  c"]
