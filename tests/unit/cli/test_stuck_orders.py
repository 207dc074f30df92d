"""Why an order waits, for kinds of stuck orders that were written down before any rule knew them."""

import pytest

from tests.unit.cli.scene import Scene
from tests.unit.cli.stuck import PLANTS, Plant, Stuck


@pytest.mark.parametrize("plant", PLANTS, ids=[one.kind for one in PLANTS])
def test_the_sentence_names_what_was_planted(scene: Scene, monkeypatch: pytest.MonkeyPatch, plant: Plant) -> None:
    plant.plant(Stuck(scene, monkeypatch))
    found = scene.why()
    assert found["blames"].startswith(plant.blames) if plant.blames else not found["blames"], found
    assert any(name in found["sentence"] for name in plant.names), found
    assert not any(name in found["sentence"] for name in plant.never), found
