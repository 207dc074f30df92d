"""The rules of the simulated broker are those that are deployed."""

from events.vda5050.topics import Kind
from functions.kernel.composition.manifest import manifest
from infra import iot
from infra.stages import STAGES
from tests.simulation.iot import wiring

STAGE = STAGES["prod"]


def test_the_simulated_rules_are_those_of_the_deployment() -> None:
    topics = manifest("fleet").topics
    assert topics
    simulated = wiring.statements(STAGE.name)
    assert sorted(simulated.values()) == sorted(iot.rules(STAGE, topics).values())


def test_robots_use_the_topics_of_the_deployment() -> None:
    assert wiring.robots_topics(STAGE.name).order("bot") == iot.topic(STAGE, Kind.ORDER, "bot")
