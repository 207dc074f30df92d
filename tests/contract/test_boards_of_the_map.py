"""What the console's map counts: the messages that the staff's boards tell of."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from functions.live import topics, views
from functions.live.inbox import inbox

CONSOLE = Path(__file__).parents[2] / "clients" / "console" / "logic" / "flow.ts"
REGISTERED = Path(__file__).parents[2] / "clients" / "pages" / "generated" / "map.json"
MESSAGES = {message.about.name: message for message in inbox.messages}


def test_the_map_counts_each_message_of_a_board_and_none_that_the_page_of_an_order_alone_shows() -> None:
    [listed] = re.findall(r"ON_NO_BOARD = (\[.*\])", CONSOLE.read_text())
    registered = {name for names in json.loads(REGISTERED.read_text())["live/inbox"].values() for name in names}
    assert registered == set(MESSAGES)
    assert set(json.loads(listed)) == {name for name in registered if not boards_of(name)}


def test_the_map_watches_all_boards() -> None:
    [listed] = re.findall(r"BOARDS = (\[.*\])", CONSOLE.read_text())
    told = {board for name in MESSAGES for board in boards_of(name)}
    assert set(json.loads(listed)) == told


def boards_of(name: str) -> set[str]:
    """The boards that a message is shown on."""
    message = MESSAGES[name]
    construct: Callable[..., Any] = message.model_construct
    made = construct(**dict.fromkeys(message.model_fields, "1"))
    return {one.shard.topic for one in views.places(made) if not one.shard.topic.startswith(topics.ONE_ORDER)}
