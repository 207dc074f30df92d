"""A list that waits for a robot on the robots' stream: when the robot is named, and when the gateway between."""

import pytest

from tests.flow.robots import pick, start
from tests.flow.shopper import leave
from tests.unit.cli.scene import Scene
from tests.unit.cli.stuck import Stuck


@pytest.fixture
def stuck(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Stuck:
    return Stuck(scene, monkeypatch)


def test_nothing_is_blamed_while_a_robot_on_the_stream_collects(stuck: Stuck) -> None:
    stuck.has_robot_on_the_stream()
    said = []
    for _ in range(60):
        stuck.mall.pass_time(5)
        said.append(stuck.scene.why())
    assert not [one for one in said if one["blames"]]
    assert "waits for robot Bert" in said[0]["sentence"]
    assert "waits for the customer to pay" in said[-1]["sentence"]


@pytest.mark.parametrize("consumer", ["fleet/topics", "depot/inbox"])
def test_what_a_robot_reports_waits_for_a_paused_consumer(stuck: Stuck, consumer: str) -> None:
    stuck.has_robot_on_the_stream()
    stuck.scene.pauses(consumer)
    found = stuck.scene.why()
    assert f"what it reports waits, because {consumer} is paused" in found["sentence"]
    assert (found["blames"], found["do"]) == (consumer, f"mallbots resume {consumer}")


def test_reports_that_are_not_taken_are_no_silence_of_the_robot(stuck: Stuck) -> None:
    stuck.has_robot_on_the_stream()
    stuck.mall.throttled.add("fleet/topics")
    stuck.mall.pass_time(150)
    found = stuck.scene.why()
    assert "messages wait for fleet/topics" in found["sentence"]
    assert found["blames"] == "fleet/topics"


def test_robots_that_are_offline_while_their_reports_wait_may_be_there(stuck: Stuck) -> None:
    leave(stuck.mall, stuck.scene.bot)
    stuck.scene.pauses("fleet/topics")
    stuck.scene.checks_out()
    found = stuck.scene.why()
    assert "none is idle (1 offline), as far as depot knows, and fleet/topics is paused" in found["sentence"]
    assert found["blames"] == "fleet/topics"


def test_a_robot_that_takes_its_steps_by_rest_does_not_wait_for_the_gateway(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    stuck.mall.stop("fleet")
    assert "fleet does not answer" in stuck.scene.why()["sentence"]
    start(stuck.scene.shopper, 1)
    pick(stuck.scene.shopper, 1)
    found = stuck.scene.why()
    assert found["sentence"] == "waits for robot Ajax, which has 1 of 2 items"
    assert not found["blames"]
