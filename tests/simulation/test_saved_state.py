"""A saved moment as the first state of a simulated cloud: what was under way then goes on."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.sagas import order_status
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.containers import BEGIN
from tests.simulation.faults import Faults
from tests.simulation.run import main
from tests.simulation.saved_state import SavedState, follow
from tests.simulation.scheduler import SECOND
from tests.simulation.test_cloud import Visit

# Three orders that were under way when `make chaos` killed an engine; without stores and read models.
DEPLOYED = Path(__file__).parent / "samples" / "deployed_state.json"


class UnfinishedVisit(Visit):
    """A customer whose order is placed, and nothing more."""

    def status(self, service: str, name: str) -> str:
        """Whatever it is: the visit ends here."""
        return "cancelled"


def saved_by(cloud: Cloud) -> dict[str, Any]:
    """The state of a simulated cloud in the form of a deployed one's."""
    now = cloud.scheduler.now_us
    queues = {
        name: [
            {
                "body": message.body,
                "attributes": dict(message.attributes),
                "receives": message.receives,
                "group": message.group,
                "visible_in": max(0.0, (message.visible_us - now) / SECOND),
            }
            for message in queue.messages.values()
        ]
        for name, queue in cloud.queues.items()
    }
    unpublished = {
        name: [record.key for shard in stream.shards for record in shard.records[shard.next :]]
        for name, stream in cloud.streams.items()
    }
    return {
        "moment": (BEGIN + timedelta(microseconds=now)).isoformat(),
        "settings": cloud.settings,
        "tables": {name: list(table.items.values()) for name, table in cloud.tables.items()},
        "queues": queues,
        "unpublished": unpublished,
        "provider": cloud.provider.requests,
        "data_keys": dict(_data_keys(cloud)),
    }


def _data_keys(cloud: Cloud) -> Iterator[tuple[str, str]]:
    """The keys that wrap customers' keys, by what they are encrypted to."""
    for (partition, sort), item in cloud.tables["customers/vault"].items.items():
        if partition == "wrapping":
            encrypted = json.loads(item["data"]["S"])["key"]
            key = cloud.kms.decrypt(b64decode(encrypted), sort.partition(" ")[0])
            yield encrypted, b64encode(key).decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The state in which an order has just been placed: most of its messages are under way."""
    choices = Choices(1)
    cloud = Cloud(choices, Faults(choices))
    visit = UnfinishedVisit(cloud)
    task = cloud.spawn(visit.run_visit)
    cloud.run(600.0, enough=lambda: task.done)
    found = tmp_path / "state.json"
    found.write_text(json.dumps(saved_by(cloud), default=lambda value: b64encode(value).decode()))
    return found


def statuses(cloud: Cloud) -> list[str]:
    history = ParsedHistory(cloud.history.entries, {})
    return [order_status(commits) for _, commits in history.of_kind("Order")]


def test_an_order_that_was_placed_is_approved_once_its_saved_state_goes_on(file: Path) -> None:
    cloud, settled = follow(file, seed=2)
    assert settled
    assert statuses(cloud) == ["approved"]


def test_it_comes_to_its_end_whatever_faults_strike_meanwhile(file: Path) -> None:
    cloud, settled = follow(file, seed=3, scale=0.3)
    assert settled
    assert set(statuses(cloud)) <= {"approved", "rejected"}


def test_orders_that_were_under_way_on_a_deployed_stack_are_approved() -> None:
    cloud, settled = follow(DEPLOYED, seed=3)
    assert settled
    assert statuses(cloud) == ["approved"] * 3


def test_the_virtual_time_begins_at_the_saved_moment(file: Path) -> None:
    state = SavedState.read(file)
    cloud = state.cloud(seed=2)
    assert cloud.scheduler.now_us == state.moment_us > 0
    assert all(at <= state.moment_us for at, _, _ in cloud.history.entries)


def test_the_same_seed_has_the_same_history(file: Path) -> None:
    hashes = {follow(file, seed=5)[0].history.trace_hash for _ in range(2)}
    assert len(hashes) == 1


def test_the_command_prints_what_follows(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--from-state", str(file)]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert json.loads(last)["orders"] == {"approved": 1}
    assert any("ApproveOrder" in line for line in lines)
