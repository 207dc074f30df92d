"""Events and states as stored text: what is written can be read again, and what cannot be read is not quoted."""

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from functions.kernel.domain.aggregate import Aggregate
from functions.kernel.eventstore import codec
from functions.kernel.eventstore.codec import UnreadableError


@dataclass(frozen=True)
class Part:
    name: str
    grams: int = 0


@dataclass(frozen=True)
class Thing:
    name: str
    size: Literal["small", "large"] = "small"
    parts: tuple[Part, ...] = ()
    weight: float = 0.0
    owner: str | None = None
    by_name: dict[str, tuple[Part, ...]] = field(default_factory=dict)


@dataclass
class Shelf(Aggregate):
    things: tuple[Part, ...] = ()


@pytest.mark.parametrize(
    "thing",
    [
        Thing(""),
        Thing(
            "Grüße 世界 🤖\u200d\x00\t\"'", "large", (Part("a", -1), Part("b", 2**60)), 1.5, "Mia", {"é": (Part("c"),)}
        ),
    ],
)
def test_what_is_written_is_read_as_it_was(thing: Thing) -> None:
    assert codec.from_text(Thing, codec.to_text(thing)) == thing


def test_a_state_is_written_without_id_and_version() -> None:
    assert codec.to_state(Shelf("shelf-1", 3, things=(Part("a"),))) == b'{"things":[{"name":"a","grams":0}]}'
    assert codec.to_state(Shelf("shelf-1", 3, unchanged=2)) == b'{"things":[],"unchanged":2}'


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": 5},
        {"name": None},
        {"name": b"x"},
        {"name": "\ud800"},
        {"name": object()},
        {"size": "medium"},
        {"parts": [Part("a")]},
        {"parts": (Part("a", True),)},
        {"parts": (Part("a", 1.0),)},  # type: ignore[arg-type]
        {"weight": float("nan")},
        {"owner": 5},
        {"by_name": {1: ()}},
    ],
    ids=lambda wrong: f"{next(iter(wrong))} {type(next(iter(wrong.values()))).__name__}",
)
def test_a_value_that_is_not_of_its_fields_type_is_not_written(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Thing cannot be stored"):
        codec.to_text(Thing(**{"name": "a", **wrong}))


def test_a_state_with_a_value_that_is_not_of_its_fields_type_is_not_written() -> None:
    heavy: Any = "heavy"
    with pytest.raises(TypeError, match="Shelf cannot be stored: Expected `int`, got `str`"):
        codec.to_state(Shelf("shelf-1", 1, things=(Part("a", heavy),)))


def test_unknown_fields_are_ignored_and_missing_ones_have_their_default() -> None:
    assert codec.from_text(Thing, b'{"name":"a","later":1}') == codec.from_data(Thing, {"name": "a"}) == Thing("a")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"name":["Mia Wallace"]}', r"Expected `str`, got `array` - at `\$.name`"),
        (b'{"name":"a","size":"Mia Wallace"}', r"Invalid enum value - at `\$.size`"),
        (b'{"name":"a","size":"it\'s Mia - at `$.x`"}', r"Invalid enum value - at `\$.size`"),
        (b'{"name":"a","by_name":{"Mia":[5]}}', r"Expected `object`, got `int` - at `\$.by_name\[...\]\[0\]`"),
        (b'{"owner":"Mia"}', "Object missing required field `name`"),
        (b'{"name":"Mia"', "Input data was truncated"),
    ],
)
def test_what_cannot_be_read_is_explained_without_its_values(text: bytes, why: str) -> None:
    with pytest.raises(UnreadableError, match=rf"stored data is not a Thing: {why}$") as raised:
        codec.from_text(Thing, text)
    assert "Mia" not in str(raised.value)
    assert raised.value.__cause__ is None
