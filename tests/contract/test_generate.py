"""What `python -m language.generate` writes, what it reports and what it refuses."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from events import registry
from events.registry import Event, Message, upcasts
from events.shapes import Shortage
from language import generate, story
from tests.support.messages import made_up

pytestmark = pytest.mark.usefixtures("own_words")


def lamp(version: int = 1, **fields: Any) -> type[Message]:
    """LampLit as some day's code has it; a later day's takes its place."""
    registry._messages.pop("LampLit", None)
    annotations = {"lamp_id": str} | {name: kind for name, (kind, *_) in fields.items()}
    defaults = {name: default[0] for name, (_, *default) in fields.items() if default}
    about: dict[str, Any] = {"source": "stores", "key": "lamp_id", "version": version}
    return made_up("LampLit", Event, annotations, doc="A lamp was lit.", **about, **defaults)


def committed(root: Path, message: type[Message]) -> None:
    for path, text in generate.plan(root, {message.about.name: message}).write.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def planned(root: Path, message: type[Message]) -> tuple[list[str], list[str]]:
    found = generate.plan(root, {message.about.name: message})
    return sorted(path.relative_to(root).as_posix() for path in found.write), found.faults


def test_a_new_message_gets_a_schema_and_a_sample(tmp_path: Path) -> None:
    written, faults = planned(tmp_path, lamp(watts=(int,)))
    assert written == [
        "events/samples/LampLit.v1.json",
        "events/schemas/Envelope.json",
        "events/schemas/LampLit.v1.json",
    ]
    assert faults == []


def test_a_field_that_the_story_does_not_know_is_told_from_its_schema() -> None:
    message = lamp(
        watts=(Annotated[int, Field(ge=5)],),
        on=(bool,),
        colour=(Literal["white", "red"],),
        note=(str | None,),
        missing=(tuple[Shortage, ...],),
        anything=(Any,),
    )
    assert story.sample(message)["data"] == {
        "lamp_id": "lamp-1",
        "watts": 5,
        "on": False,
        "colour": "white",
        "note": "note",
        "missing": [{"store_id": "store-bakery", "product_id": "product-bread", "quantity": 0}],
        "anything": None,
    }


def test_what_was_written_has_not_drifted(tmp_path: Path) -> None:
    message = lamp(watts=(int,))
    committed(tmp_path, message)
    assert planned(tmp_path, message) == ([], [])


def test_a_compatible_change_is_written_and_the_sample_stays_golden(tmp_path: Path) -> None:
    committed(tmp_path, lamp())
    written, faults = planned(tmp_path, lamp(watts=(int, 40)))
    assert written == ["events/schemas/LampLit.v1.json"]
    assert faults == []


def test_a_breaking_change_is_refused_and_said(tmp_path: Path) -> None:
    committed(tmp_path, lamp(watts=(int,)))
    written, faults = planned(tmp_path, lamp(watts=(str,)))
    assert "events/schemas/LampLit.v1.json" not in written
    assert faults == [
        "LampLit.v1: watts can no longer be an integer, which it was in messages already published",
        "LampLit.v1: watts may now be a string, which its consumers do not expect",
    ]


def test_a_new_version_stands_beside_the_old_one_once_it_has_an_upcaster(tmp_path: Path) -> None:
    committed(tmp_path, lamp(watts=(int,)))
    newer = lamp(version=2, watts=(str,))
    written, faults = planned(tmp_path, newer)
    assert "events/schemas/LampLit.v2.json" in written
    assert "events/samples/LampLit.v2.json" in written
    assert set(faults) == {"LampLit.v1: version 1 needs an upcaster"}
    upcasts(newer, from_version=1)(lambda data: data | {"watts": str(data["watts"])})
    assert planned(tmp_path, newer)[1] == []


def test_a_message_that_was_published_does_not_just_go(tmp_path: Path) -> None:
    committed(tmp_path, lamp())
    faults = generate.plan(tmp_path, {}).faults
    assert [fault.split(":")[0] for fault in faults] == ["schemas/LampLit.v1.json", "samples/LampLit.v1.json"]


def test_a_schema_newer_than_its_message_is_a_fault(tmp_path: Path) -> None:
    committed(tmp_path, lamp(version=2))
    assert "schemas/LampLit.v2.json: LampLit is at version 1 only" in planned(tmp_path, lamp())[1]


def test_checking_writes_nothing_and_lists_what_drifted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"], tmp_path) == 1
    assert "events/schemas/StoreCreated.v1.json has drifted" in capsys.readouterr().out
    assert list(tmp_path.rglob("*.json")) == []
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0


def test_nothing_is_written_while_a_promise_would_be_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generate.main([], tmp_path)
    schema = tmp_path / "events" / "schemas" / "StoreCreated.v1.json"
    content = json.loads(schema.read_text())
    content["properties"]["opened_at"] = {"type": "string"}
    schema.write_text(json.dumps(content))
    other = tmp_path / "events" / "schemas" / "StoreRebranded.v1.json"
    other.unlink()
    assert generate.main([], tmp_path) == 1
    told = "StoreCreated.v1: opened_at was removed, which its consumers read"
    assert told in capsys.readouterr().err
    assert not other.exists()
