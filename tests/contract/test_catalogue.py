"""The AsyncAPI document: by structure, since its own JSON Schema comes in no package of ours."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator

from events.envelope import SOURCE_PREFIX
from events.generate import ROOT
from events.registry import Kind, language

DOCUMENT = json.loads((ROOT / "docs" / "asyncapi.json").read_text())
SPOKEN = {name: message for name, message in language().items() if message.kind is not Kind.TIMER}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def at(reference: str) -> Any:
    found = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def test_it_is_asyncapi_3_and_has_only_members_that_the_specification_names() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert DOCUMENT.keys() == {"asyncapi", "info", "defaultContentType", "channels", "operations", "components"}
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    for channel in DOCUMENT["channels"].values():
        assert channel.keys() == {"address", "title", "description", "messages"}
    for operation in DOCUMENT["operations"].values():
        assert operation.keys() - {"reply"} == {"action", "channel", "summary", "messages"}
        assert operation["action"] in ("send", "receive")
    for message in DOCUMENT["components"]["messages"].values():
        assert message.keys() == {"name", "title", "summary", "tags", "correlationId", "payload"}


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert at(reference)


def test_there_is_a_channel_for_each_service_that_speaks_with_all_that_it_says() -> None:
    for name, message in SPOKEN.items():
        channel = DOCUMENT["channels"][message.source]
        assert channel["address"] == SOURCE_PREFIX + message.source
        assert at(channel["messages"][name]["$ref"])["name"] == name
    assert sum(len(channel["messages"]) for channel in DOCUMENT["channels"].values()) == len(SPOKEN)


def test_a_timer_is_not_in_it() -> None:
    assert DOCUMENT["components"]["messages"].keys() == SPOKEN.keys()


def test_an_operation_names_messages_of_its_own_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        for part in (operation, operation.get("reply", operation)):
            assert part["messages"]
            for message in part["messages"]:
                assert message["$ref"].startswith(part["channel"]["$ref"] + "/messages/")


@pytest.mark.parametrize("name", SPOKEN)
def test_a_payload_describes_the_whole_detail_as_the_sample_has_it(name: str) -> None:
    version = SPOKEN[name].version
    sample = json.loads((ROOT / "events" / "samples" / f"{name}.v{version}.json").read_text())
    payload = at(f"#/components/messages/{name}/payload")
    validator = Draft7Validator(payload | {"components": DOCUMENT["components"]})
    validator.validate(sample)
    assert not validator.is_valid(sample | {"metadata": sample["metadata"] | {"name": "Other"}})
    assert not validator.is_valid({"metadata": sample["metadata"], "data": {}})
