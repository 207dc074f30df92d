"""The AsyncAPI document: by AsyncAPI's own parser, and by what the services register."""

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from events.envelope import SOURCE_PREFIX
from events.registry import Kind, language
from functions.kernel.composition.manifest import manifest, services
from language.generate import ROOT

DOCUMENT = json.loads((ROOT / "docs" / "asyncapi.json").read_text())
SPOKEN = {name: message for name, message in language().items() if message.about.kind is not Kind.TIMER}


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


def judged(path: Path) -> subprocess.CompletedProcess[str]:
    """What AsyncAPI's own parser says, as in `make check`."""
    command = ["node", "infra/documents/asyncapi.mjs", str(path)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_asyncapis_own_parser_takes_it() -> None:
    said = judged(ROOT / "docs" / "asyncapi.json")
    assert (said.returncode, said.stderr) == (0, "")
    messages, operations = len(DOCUMENT["components"]["messages"]), len(DOCUMENT["operations"])
    assert said.stdout.endswith(f": {messages} messages, {operations} operations\n")


def test_a_document_that_breaks_the_specification_is_refused(tmp_path: Path) -> None:
    broken = json.loads(json.dumps(DOCUMENT))
    broken["operations"]["storesPublishes"]["action"] = "shout"
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    said = judged(tmp_path / "broken.json")
    assert said.returncode == 1
    assert "operations.storesPublishes.action" in said.stderr


def versions(name: str) -> set[str]:
    """The names of a message in the document: its own, and those of its older versions."""
    return {name} | {f"{name}.v{version}" for version in range(1, SPOKEN[name].about.version)}


def test_there_is_a_channel_for_each_service_that_speaks_with_all_that_it_says() -> None:
    for name, message in SPOKEN.items():
        channel = DOCUMENT["channels"][message.about.source]
        assert channel["address"] == SOURCE_PREFIX + message.about.source
        assert all(at(channel["messages"][key]["$ref"])["name"] == name for key in versions(name))
    said = sum(len(channel["messages"]) for channel in DOCUMENT["channels"].values())
    assert said == sum(message.about.version for message in SPOKEN.values())


def test_it_holds_every_version_and_no_timer() -> None:
    assert DOCUMENT["components"]["messages"].keys() == {key for name in SPOKEN for key in versions(name)}


def received() -> dict[str, set[str]]:
    """The messages that each service receives by some operation."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, operation in DOCUMENT["operations"].items():
        if operation["action"] == "receive":
            consumer = re.split("Consumes|Answers", name)[0]
            found[consumer] |= {message["$ref"].rpartition("/")[2] for message in operation["messages"]}
    return found


def test_each_service_receives_in_every_version_what_it_registered_and_nothing_else() -> None:
    for service in services():
        names = {
            message.about.name for inbox in manifest(service).inboxes for message in inbox.messages
        } & SPOKEN.keys()
        assert received()[service] == {key for name in names for key in versions(name)}


def test_a_command_is_answered_on_the_channel_of_who_answers_it() -> None:
    for command in SPOKEN.values():
        if command.about.to:
            operation = DOCUMENT["operations"][f"{command.about.to}Answers{command.about.name}"]
            assert operation["channel"]["$ref"] == f"#/channels/{command.about.source}"
            answers = {at(at(answer["$ref"])["$ref"])["name"] for answer in operation["reply"]["messages"]}
            assert answers == {reply.about.name for reply in SPOKEN.values() if reply.about.answers is command}


def test_an_operation_names_messages_of_its_own_channel() -> None:
    for operation in DOCUMENT["operations"].values():
        for part in (operation, operation.get("reply", operation)):
            assert part["messages"]
            for message in part["messages"]:
                assert message["$ref"].startswith(part["channel"]["$ref"] + "/messages/")


@pytest.mark.parametrize("key", [key for name in SPOKEN for key in sorted(versions(name))])
def test_a_payload_describes_the_whole_detail_as_the_sample_has_it(key: str) -> None:
    file = key if ".v" in key else f"{key}.v{SPOKEN[key].about.version}"
    sample = json.loads((ROOT / "events" / "samples" / f"{file}.json").read_text())
    payload = at("#/components/messages")[key]["payload"]
    validator = Draft7Validator(payload | {"components": DOCUMENT["components"]})
    validator.validate(sample)
    assert not validator.is_valid(sample | {"metadata": sample["metadata"] | {"name": "Other"}})
    assert not validator.is_valid(sample | {"metadata": sample["metadata"] | {"version": 9}})
    assert not validator.is_valid({"metadata": sample["metadata"], "data": {}})
