"""Why an order waits, for kinds of stuck orders that were written down before any rule knew them."""

import pytest

from tests.unit.cli.scene import Scene
from tests.unit.cli.stuck import PLANTS, Plant, Stuck
from tests.unit.cli.stuck_later import PLANTS as LATER


@pytest.mark.parametrize("plant", PLANTS, ids=[one.kind for one in PLANTS])
def test_the_sentence_names_what_was_planted(scene: Scene, monkeypatch: pytest.MonkeyPatch, plant: Plant) -> None:
    names_it(scene, monkeypatch, plant)


@pytest.mark.parametrize("plant", LATER, ids=[one.kind for one in LATER])
def test_the_sentence_names_what_was_planted_later(scene: Scene, monkeypatch: pytest.MonkeyPatch, plant: Plant) -> None:
    names_it(scene, monkeypatch, plant)


def names_it(scene: Scene, monkeypatch: pytest.MonkeyPatch, plant: Plant) -> None:
    """Plant it, and ask why the order waits."""
    plant.plant(Stuck(scene, monkeypatch))
    found = scene.why()
    assert found["blames"].startswith(plant.blames) if plant.blames else not found["blames"], found
    assert any(name in found["sentence"] for name in plant.names), found
    assert not any(name in found["sentence"] for name in plant.never), found
