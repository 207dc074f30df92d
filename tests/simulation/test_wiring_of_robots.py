"""The rules of the simulated broker are those that are deployed."""

from events.vda5050.topics import Kind
from infra import iot
from infra.stages import STAGES
from tests.simulation.iot import wiring


def test_the_simulated_rules_are_those_of_the_deployment() -> None:
    assert (wiring.REPORT, wiring.LIFE_CYCLE) == (iot.REPORT, iot.LIFE_CYCLE)
    assert (wiring.REPORTED, wiring.PRESENCE) == (iot.REPORTED, iot.PRESENCE)


def test_robots_use_the_topics_of_the_deployment() -> None:
    stage = STAGES["prod"]
    assert wiring.robots_topics(stage.name).order("bot") == iot.topic(stage, Kind.ORDER, "bot")
