"""Our schemas against the standard's own: what differs is what docs/conformance.md says, and nothing else.

What theirs say of names, types, values and bounds is in tests/conformance/standard.json, without their texts: of
connection, instantActions and state as the tag 3.0.0 has them; of order, factsheet and visualization, which are not
valid JSON there, as its main branch has them at 0b2ae43154bcd1ab2be4e2445df8b406dcad77b2.

https://github.com/VDA5050/VDA5050
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from events.vda5050.topics import Kind
from tests import conformance
from tests.conformance import schemas
from tests.unit.events.test_schemas import full

PUBLISHED = json.loads((Path(str(conformance.__file__)).parent / "standard.json").read_text())
PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"
LARGEST = 2**32 - 1  # of an uint32
MILLIRADIAN = 1.01e-3

Layout = dict[str, dict[str, Any]]

THEIRS_ALONE = {"order.edges[].maxRotationSpeed"}
OURS_ALONE = {"order.edges[].maximumRotationSpeed", "instantActions.actions[].retriable"}
OTHER_VALUES = {"instantActions.actions[].blockingType"}
NOT_NEGATIVE_BY_THE_SCHEMA_ALONE = {
    "deviationRange",
    "height",
    "length",
    "maximumAcceleration",
    "maximumAngularSpeed",
    "maximumLoadhandlingHeight",
    "maximumSpeed",
    "minimumAngularSpeed",
    "minimumLoadhandlingHeight",
    "minimumSpeed",
    "width",
}
BOUNDED_BY_THE_SCHEMA_ALONE = {"edges[].orientation", "allowedDeviationXY.theta"}
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems")


def published(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = PUBLISHED[kind]
    return found


def laid_out(root: dict[str, Any], part: dict[str, Any], place: str) -> Layout:
    """The parts of a schema by their places in a message: `order.nodes[].nodeId`."""
    while "$ref" in part:
        target: Any = root
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = {**target, **{key: value for key, value in part.items() if key != "$ref"}}
    found = {place: part}
    for name, each in part.get("properties", {}).items():
        found |= laid_out(root, each, f"{place}.{name}")
    return found | (laid_out(root, part["items"], f"{place}[]") if "items" in part else {})


def both(kind: Kind) -> tuple[Layout, Layout]:
    """The standard's and ours."""
    theirs, ours = published(kind), schemas.schema(kind)
    return laid_out(theirs, theirs, kind), laid_out(ours, ours, kind)


def shared(kind: Kind) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    theirs, ours = both(kind)
    for place in theirs.keys() & ours.keys():
        yield place, theirs[place], ours[place]


def is_explained(place: str, bound: str, theirs: Any, ours: Any) -> bool:
    """Whether a difference of bounds is one of those that the page names."""
    name = place.rpartition(".")[2]
    if theirs is None:
        is_uint32 = (bound, ours) in (("minimum", 0), ("maximum", LARGEST))
        return is_uint32 or (name, bound, ours) == ("weight", "exclusiveMinimum", 0)
    if ours is None:
        alone = place.endswith(tuple(BOUNDED_BY_THE_SCHEMA_ALONE))
        return alone or (bound == "minimum" and theirs == 0 and name in NOT_NEGATIVE_BY_THE_SCHEMA_ALONE)
    return (name == "theta" or name == "allowedDeviationTheta") and 0 <= abs(ours) - abs(theirs) < MILLIRADIAN


@pytest.mark.parametrize("kind", Kind)
def test_a_message_with_all_that_we_know_is_valid_by_the_standards_schema(kind: Kind) -> None:
    theirs = published(kind)
    Draft202012Validator.check_schema(theirs)
    ours = schemas.schema(kind)
    message = full(ours, ours)
    for action in message.get("actions", ()):
        action["blockingType"] = "NONE"  # which alone is sent
    Draft202012Validator(theirs).validate(message)


@pytest.mark.parametrize("kind", Kind)
def test_no_field_of_the_standard_is_missing_and_none_is_added_that_the_page_does_not_name(kind: Kind) -> None:
    theirs, ours = both(kind)
    assert theirs.keys() - ours.keys() == {place for place in THEIRS_ALONE if place.startswith(f"{kind}.")}
    assert ours.keys() - theirs.keys() == {place for place in OURS_ALONE if place.startswith(f"{kind}.")}


@pytest.mark.parametrize("kind", Kind)
def test_the_same_fields_are_required_and_have_the_same_types_and_values(kind: Kind) -> None:
    for place, theirs, ours in shared(kind):
        assert set(theirs.get("required", ())) == set(ours.get("required", ())), place
        if not place.endswith("actionParameters[].value"):  # any JSON: theirs names all types
            assert theirs.get("type") == ours.get("type"), place
        if place in OTHER_VALUES:
            assert set(theirs["enum"]) < set(ours["enum"])
        else:
            assert set(theirs.get("enum", ())) == set(ours.get("enum", ())), place


@pytest.mark.parametrize("kind", Kind)
def test_bounds_differ_only_as_the_page_says(kind: Kind) -> None:
    found = [
        (place, bound, theirs.get(bound), ours.get(bound))
        for place, theirs, ours in shared(kind)
        for bound in BOUNDS
        if theirs.get(bound) != ours.get(bound)
    ]
    assert [difference for difference in found if not is_explained(*difference)] == []


def test_the_page_names_the_fields_that_differ() -> None:
    page = PAGE.read_text()
    for place in THEIRS_ALONE | OURS_ALONE | OTHER_VALUES | BOUNDED_BY_THE_SCHEMA_ALONE:
        assert place.rpartition(".")[2] in page, place
