"""The broker as it is deployed: one rule for each topic of the robots, and one for each presence event."""

from events.vda5050.topics import Topics
from tests.simulation import templates
from tests.simulation.iot.broker import Broker
from tests.simulation.iot.registry import Policy, Registry
from tests.simulation.iot.rules import TopicRule
from tests.simulation.sdk import World
from tests.simulation.sqs import Queue


def robots_topics(stage: str) -> Topics:
    """The topics of a stage's robots."""
    return Topics(f"mallbots-{stage}")


def statements(stage: str) -> dict[str, str]:
    """The rules' queries by their names."""
    of_templates = templates.deployed().robots_rules.items()
    return {name: sql.replace(f"'mallbots-{templates.STAGE}/", f"'mallbots-{stage}/") for name, sql in of_templates}


def policy(stage: str) -> Policy:
    """What robots may do."""
    deployed, here, there = templates.deployed().robots_policy, f"/mallbots-{templates.STAGE}/", f"/mallbots-{stage}/"
    return Policy({action: [one.replace(here, there) for one in what] for action, what in deployed.items()})


def deployed(world: World, stage: str, queue: Queue, errors: Queue) -> Broker:
    """A broker whose rules send to a queue, and what they cannot send to another."""
    rules = [TopicRule(world, name, statement, queue, errors) for name, statement in statements(stage).items()]
    return Broker(world, Registry(policy(stage)), rules)
