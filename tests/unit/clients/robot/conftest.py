"""A broker in this process, and the files of a robot that is enrolled there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from clients.robot import client
from clients.robot.files import Files, Identity
from tests.unit.clients.robot.bench import SERIAL
from tests.unit.clients.robot.broker import Broker
from tests.unit.clients.robot.program import TOPICS, pair


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    # paho makes itself a pair of sockets of the network, which unit tests may not open.
    monkeypatch.setattr("paho.mqtt.client._socketpair_compat", pair)
    with Broker(tmp_path / "b") as broker:
        yield broker


@pytest.fixture(autouse=True)
def _without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that takes any number of CONNECTs."""
    monkeypatch.setattr(client, "BETWEEN", 0.0)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path / SERIAL)
    identity = Identity(SERIAL, "broker", 8883, {str(kind): topic for kind, topic in TOPICS.items()})
    files.keep(identity, b"key", "certificate", "ca")
    return files
