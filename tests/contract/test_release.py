"""What a release promises, and that no commit takes it back: not even one that rewrites the schemas too."""

import json
from pathlib import Path

import pytest

from events import registry
from events.registry import Event, Message, upcasts
from language import generate, release
from tests.support.messages import made_up

pytestmark = pytest.mark.usefixtures("own_words")

RELEASED = generate.ROOT / "events" / "released"


def lamp(version: int = 1, **fields: type) -> type[Message]:
    """LampLit as some day's code has it; a later day's takes its place."""
    registry._messages.pop("LampLit", None)
    return made_up("LampLit", Event, fields, doc="A lamp was lit.", source="stores", key="lamp_id", version=version)


def committed(root: Path, message: type[Message]) -> None:
    for path, text in generate.plan(root, {message.about.name: message}).write.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A mall that has released version 1 of a message, about lamps of so many watts."""
    lit = lamp(lamp_id=str, watts=int)
    committed(tmp_path, lit)
    monkeypatch.setattr(generate, "language", lambda: {"LampLit": lit})
    assert release.main(["0.1.0"], tmp_path) == 0
    return tmp_path


def rewritten(root: Path, message: type[Message]) -> list[str]:
    """The faults of a change that comes with schemas and samples written anew, as if there had been no others."""
    for folder in ("schemas", "samples"):
        (root / "events" / folder / "LampLit.v1.json").unlink()
    committed(root, message)
    return generate.plan(root, {message.about.name: message}).faults


def test_a_breaking_change_without_a_new_version_is_refused_though_it_comes_with_another_schema(released: Path) -> None:
    assert rewritten(released, lamp(lamp_id=str, watts=str)) == [
        "LampLit.v1: watts can no longer be an integer, which it was in messages already published (it is released)",
        "LampLit.v1: watts may now be a string, which its consumers do not expect (it is released)",
    ]


def test_who_breaks_a_promise_is_told_what_to_do(
    released: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = lamp(lamp_id=str)
    monkeypatch.setattr(generate, "language", lambda: {"LampLit": changed})
    assert generate.main(["--check"], released) == 1
    told = capsys.readouterr().err
    assert "LampLit.v1: watts was removed, which its consumers read" in told
    assert "Raise version= of the message and add an upcaster" in told


def test_the_same_change_is_taken_as_a_new_version_with_an_upcaster(released: Path) -> None:
    newer = lamp(version=2, lamp_id=str, watts=str)
    upcasts(newer, from_version=1)(lambda data: data | {"watts": str(data["watts"])})
    found = generate.plan(released, {"LampLit": newer})
    assert found.faults == []
    names = {path.relative_to(released / "events").as_posix() for path in found.write}
    assert names == {"schemas/LampLit.v2.json", "samples/LampLit.v2.json"}


@pytest.mark.parametrize("folder", ["schemas", "samples"])
def test_what_was_released_does_not_go(released: Path, folder: str) -> None:
    newer = lamp(version=2, lamp_id=str)
    upcasts(newer, from_version=1)(lambda data: data)
    (released / "events" / folder / "LampLit.v1.json").unlink()
    faults = generate.plan(released, {"LampLit": newer}).faults
    assert f"{folder}/LampLit.v1.json: it was released, and is missing" in faults


def test_a_fault_is_told_once(released: Path) -> None:
    faults = generate.plan(released, {"LampLit": lamp(lamp_id=str)}).faults
    assert faults == ["LampLit.v1: watts was removed, which its consumers read"]


def test_a_release_is_later_than_the_last_one(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert release.main(["0.1.0"], released) == 1
    assert release.main(["0.0.9"], released) == 1
    assert "0.0.9 is not later than the last release, 0.1.0" in capsys.readouterr().err
    assert release.main(["0.9.0"], released) == 0
    assert release.main(["0.10.0"], released) == 0
    assert (released / "events" / "released" / "VERSION").read_text() == "0.10.0\n"


def test_nothing_is_released_that_has_drifted(
    released: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    brighter = made_up("LampLitAgain", Event, {"lamp_id": str}, source="stores", key="lamp_id")
    known = {"LampLit": lamp(lamp_id=str, watts=int), "LampLitAgain": brighter}
    monkeypatch.setattr(generate, "language", lambda: known)
    assert generate.plan(released).faults == []
    assert release.main(["0.2.0"], released) == 1
    assert "run make docs first" in capsys.readouterr().err
    assert (released / "events" / "released" / "VERSION").read_text() == "0.1.0\n"


def test_the_last_release_held_version_1_of_what_has_two_versions_now() -> None:
    released = json.loads((RELEASED / "InvoiceAdjusted.v1.json").read_text())
    assert "reason" not in released["properties"]
    assert registry.language()["InvoiceAdjusted"].about.version == 2
