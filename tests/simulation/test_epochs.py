"""Restored tables in the simulation: clients go on, consumers follow, and what is not so is found."""

import pytest

from tests.simulation.check.epochs import ABOVE, FOLLOWED
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.epochs import EVENTS, Epoch
from tests.simulation.faults import Faults
from tests.simulation.planted.epochs import BUGS
from tests.simulation.planted.run import find
from tests.simulation.schedule import run_schedule

SEED = 13  # of a schedule after which a table of events is restored


def test_after_a_restoration_what_is_lost_is_created_again_above_the_base_and_followed() -> None:
    choices = Choices(1)
    cloud = Cloud(choices, Faults(choices))
    task = cloud.spawn(
        lambda: cloud.request("POST", "/api/stores", {"name": "Volt", "location": "Level 2"}, {"Idempotency-Key": "k"})
    )
    cloud.run(60.0, enough=lambda: task.done)
    assert cloud.settle()
    cloud.backups.moments = lambda table: [0]  # type: ignore[method-assign]  # before anything was
    assert Epoch(cloud, choices).run()
    versions = [version for stream, version in cloud.tables[EVENTS].items if stream.startswith("Store#")]
    [row] = [item for (partition, _), item in cloud.tables["depot/views"].items.items() if partition == "stores"]
    assert int(row["version"]["N"]) == max(versions)
    assert min(versions) > 10**15


def test_nothing_is_violated_on_a_day_after_which_a_table_is_restored() -> None:
    outcome = run_schedule(SEED)
    assert outcome.outcomes["epoch opened"] == 1
    assert outcome.violations == []


@pytest.mark.parametrize("bug", BUGS[:3], ids=lambda bug: bug.name)
def test_a_version_that_comes_a_second_time_is_found_and_a_consumer_that_does_not_follow(bug: object) -> None:
    finding = find(bug, [SEED])  # type: ignore[arg-type]  # a Bug
    assert finding
    assert finding.violation.invariant in (ABOVE, FOLLOWED)
