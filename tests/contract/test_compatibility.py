"""What may change in a published schema under its version, and what may not."""

from typing import Any

import pytest

from language.compatibility import breaks

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer"}
MAYBE_TEXT: Schema = {"anyOf": [TEXT, {"type": "null"}]}


def thing(required: list[str] | None = None, **members: Schema) -> Schema:
    return {
        "type": "object",
        "properties": members,
        "required": list(members) if required is None else required,
    }


def listed(item: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": item, **more}


def whole(**more: Any) -> Schema:
    return NUMBER | more


def words(*values: str) -> Schema:
    return {"enum": list(values), "type": "string"}


def with_shape(shape: Schema, **members: Schema) -> Schema:
    return thing(None, **members) | {"$defs": {"Line": shape}}


LINE = {"$ref": "#/$defs/Line"}

COMPATIBLE: dict[str, tuple[Schema, Schema]] = {
    "nothing": (thing(a=TEXT), thing(a=TEXT)),
    "a member that may be absent is added": (thing(a=TEXT), thing(["a"], a=TEXT, b=MAYBE_TEXT)),
    "a member with a default is added": (thing(a=TEXT), thing(["a"], a=TEXT, b=whole(default=0))),
    "members change places": (thing(a=TEXT, b=NUMBER), thing(b=NUMBER, a=TEXT)),
    "descriptions and titles": (
        thing(a=TEXT) | {"description": "Old.", "title": "Old"},
        thing(a=TEXT | {"description": "New.", "examples": ["x"]}) | {"title": "New"},
    ),
    "a member called description keeps its type": (thing(description=TEXT), thing(description=TEXT)),
    "a shape moves from its definition to its place": (
        with_shape(thing(q=NUMBER), line=LINE),
        thing(line=thing(q=NUMBER)),
    ),
    "a shape is renamed": (
        with_shape(thing(q=NUMBER), line=LINE),
        thing(line={"$ref": "#/$defs/Row"}) | {"$defs": {"Row": thing(q=NUMBER)}},
    ),
    "an optional member is added to a shape": (
        with_shape(thing(q=NUMBER), lines=listed(LINE)),
        with_shape(thing(["q"], q=NUMBER, unit=TEXT), lines=listed(LINE)),
    ),
    "alternatives change places": (thing(a=MAYBE_TEXT), thing(a={"anyOf": MAYBE_TEXT["anyOf"][::-1]})),
    "a list of types says the same as alternatives": (
        thing(a=MAYBE_TEXT),
        thing(a={"type": ["null", "string"]}),
    ),
    "words change places": (thing(a=words("x", "y")), thing(a=words("y", "x"))),
    "the one allowed word is written as a constant": (
        thing(a=words("x")),
        thing(a={"const": "x", "type": "string"}),
    ),
    "a shape that holds itself": (
        with_shape(thing(["q"], q=NUMBER, next=LINE), line=LINE),
        with_shape(thing(["q"], q=NUMBER, next=LINE, unit=TEXT), line=LINE),
    ),
    "open is said aloud": (thing(a=TEXT), thing(a=TEXT) | {"additionalProperties": True}),
    "several shapes that stay as they are": (
        thing(a={"anyOf": [thing(q=NUMBER), thing(r=NUMBER)]}),
        thing(a={"anyOf": [thing(q=NUMBER), thing(r=NUMBER)]}),
    ),
}

BREAKING: dict[str, tuple[Schema, Schema, list[str]]] = {
    "a member is removed": (
        thing(a=TEXT, b=TEXT),
        thing(a=TEXT),
        ["b was removed, which its consumers read"],
    ),
    "an optional member is removed": (
        thing([], a=TEXT),
        thing([]),
        ["a was removed, which its consumers read"],
    ),
    "a member that must be there is added": (
        thing(a=TEXT),
        thing(a=TEXT, b=TEXT),
        ["b was added and must be there, which it is not in messages already published"],
    ),
    "a member must be there now": (
        thing([], a=TEXT),
        thing(a=TEXT),
        ["a must be there now, which it need not be in messages already published"],
    ),
    "a member may be absent now": (
        thing(a=TEXT),
        thing([], a=TEXT),
        ["a may now be absent, which its consumers do not expect"],
    ),
    "a type is another": (
        thing(a=TEXT),
        thing(a=NUMBER),
        [
            "a can no longer be a string, which it was in messages already published",
            "a may now be an integer, which its consumers do not expect",
        ],
    ),
    "a type becomes narrower": (
        thing(a={"type": "number"}),
        thing(a=NUMBER),
        ["a can no longer be a number, which it was in messages already published"],
    ),
    "a type becomes wider": (
        thing(a=NUMBER),
        thing(a={"type": "number"}),
        ["a may now be a number, which its consumers do not expect"],
    ),
    "null is allowed": (
        thing(a=TEXT),
        thing(a=MAYBE_TEXT),
        ["a may now be null, which its consumers do not expect"],
    ),
    "null is not allowed any more": (
        thing(a=MAYBE_TEXT),
        thing(a=TEXT),
        ["a can no longer be null, which it was in messages already published"],
    ),
    "a type where there was none": (
        thing(a={}),
        thing(a=TEXT),
        [
            "a can no longer be anything, which it was in messages already published",
            "a may now be a string, which its consumers do not expect",
        ],
    ),
    "a word is added": (
        thing(a=words("x")),
        thing(a=words("x", "y")),
        ['a may now be "y", which its consumers do not know'],
    ),
    "a word is removed": (
        thing(a=words("x", "y", "z")),
        thing(a=words("z")),
        ['a can no longer be "x" or "y", which it was in messages already published'],
    ),
    "words where any text was": (
        thing(a=TEXT),
        thing(a=words("x")),
        ['a can now only be "x", unlike messages already published'],
    ),
    "any text where words were": (
        thing(a=words("x")),
        thing(a=TEXT),
        ['a may now be other than "x", which its consumers do not know'],
    ),
    "a lower bound rises": (
        thing(a=whole(minimum=0)),
        thing(a=whole(minimum=1)),
        ["a changed its minimum from 0 to 1, too tight for messages already published"],
    ),
    "a lower bound falls": (
        thing(a=whole(minimum=1)),
        thing(a=whole(minimum=0)),
        ["a changed its minimum from 1 to 0, more than its consumers expect"],
    ),
    "an upper bound falls": (
        thing(a=TEXT | {"maxLength": 9}),
        thing(a=TEXT | {"maxLength": 8}),
        ["a changed its maxLength from 9 to 8, too tight for messages already published"],
    ),
    "an upper bound rises": (
        thing(a=listed(TEXT, maxItems=2)),
        thing(a=listed(TEXT, maxItems=3)),
        ["a changed its maxItems from 2 to 3, more than its consumers expect"],
    ),
    "a bound is new": (
        thing(a=NUMBER),
        thing(a=whole(maximum=9)),
        ["a changed its maximum from null to 9, too tight for messages already published"],
    ),
    "a bound is gone": (
        thing(a=whole(exclusiveMaximum=9)),
        thing(a=NUMBER),
        ["a changed its exclusiveMaximum from 9 to null, more than its consumers expect"],
    ),
    "a format is another": (
        thing(a=TEXT | {"format": "date"}),
        thing(a=TEXT | {"format": "date-time"}),
        ['a changed its format from "date" to "date-time"'],
    ),
    "a keyword that cannot be judged": (
        thing(a=TEXT),
        thing(a=TEXT | {"not": {"const": "x"}}),
        ['a changed its not from null to {"const": "x"}'],
    ),
    "the items of a list": (
        thing(a=listed(TEXT)),
        thing(a=listed(NUMBER)),
        [
            "a[] can no longer be a string, which it was in messages already published",
            "a[] may now be an integer, which its consumers do not expect",
        ],
    ),
    "a list says what its items are": (
        thing(a={"type": "array"}),
        thing(a=listed(TEXT)),
        ["a[] can no longer be anything, which it was in messages already published"],
    ),
    "a list says no longer what its items are": (
        thing(a=listed(TEXT)),
        thing(a={"type": "array"}),
        ["a[] may now be anything, which its consumers do not expect"],
    ),
    "deep in a shape behind a reference": (
        with_shape(thing(q=NUMBER), lines=listed(LINE)),
        with_shape(thing(q=TEXT), lines=listed(LINE)),
        [
            "lines[].q can no longer be an integer, which it was in messages already published",
            "lines[].q may now be a string, which its consumers do not expect",
        ],
    ),
    "beside a reference": (
        with_shape(NUMBER, q=LINE),
        with_shape(NUMBER, q=LINE | {"minimum": 1}),
        ["q changed its minimum from null to 1, too tight for messages already published"],
    ),
    "a shape that holds itself": (
        with_shape(thing(["q"], q=NUMBER, next=LINE), line=LINE),
        with_shape(thing([], next=LINE), line=LINE),
        ["line.q was removed, which its consumers read"],
    ),
    "closed where it was open": (
        thing(a=TEXT),
        thing(a=TEXT) | {"additionalProperties": False},
        ["the message.* can no longer be anything, which it was in messages already published"],
    ),
    "several shapes": (
        thing(a={"anyOf": [thing(q=NUMBER), thing(r=NUMBER)]}),
        thing(a={"anyOf": [thing(q=NUMBER), thing(s=NUMBER)]}),
        ["a is one of several shapes, and a change of these cannot be judged"],
    ),
    "several shapes behind a reference": (
        with_shape(thing(q=NUMBER), a={"anyOf": [LINE, thing(r=NUMBER)]}),
        with_shape(thing(q=TEXT), a={"anyOf": [LINE, thing(r=NUMBER)]}),
        ["a is one of several shapes, and a change of these cannot be judged"],
    ),
    "another service says it": (
        thing(a=TEXT) | {"x-source": "stores"},
        thing(a=TEXT) | {"x-source": "depot"},
        ['the message changed its x-source from "stores" to "depot"'],
    ),
}


@pytest.mark.parametrize("change", COMPATIBLE)
def test_this_keeps_the_promise(change: str) -> None:
    old, new = COMPATIBLE[change]
    assert breaks(old, new) == []


@pytest.mark.parametrize("change", BREAKING)
def test_this_breaks_the_promise_and_the_sentence_says_why(change: str) -> None:
    old, new, sentences = BREAKING[change]
    assert breaks(old, new) == sentences
