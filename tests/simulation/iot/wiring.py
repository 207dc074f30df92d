"""The broker as infra/iot.py deploys it: one rule for each topic of the robots, and one for each presence event."""

from events.vda5050.topics import Kind, Topics
from tests.simulation.iot.broker import Broker
from tests.simulation.iot.registry import Registry
from tests.simulation.iot.rules import TopicRule
from tests.simulation.sdk import World
from tests.simulation.sqs import Queue

REPORTED = (Kind.STATE, Kind.CONNECTION, Kind.FACTSHEET)
PRESENCE = ("connected", "disconnected")
REPORT = (
    "SELECT topic(4) AS robot, topic(5) AS topic, timestamp() AS received, clientid() AS client, "
    "encode(*, 'base64') AS payload FROM '{topic}'"
)
LIFE_CYCLE = (
    "SELECT 'presence' AS topic, timestamp() AS received, encode(*, 'base64') AS payload "
    "FROM '$aws/events/presence/{change}/+'"
)


def robots_topics(stage: str) -> Topics:
    """The topics of a stage's robots."""
    return Topics(f"mallbots-{stage}")


def statements(topics: Topics) -> dict[str, str]:
    """The rules' queries by their names."""
    reports = {str(kind): REPORT.format(topic=topics.of(kind, "robot").replace("/robot/", "/+/")) for kind in REPORTED}
    return reports | {change: LIFE_CYCLE.format(change=change) for change in PRESENCE}


def deployed(world: World, topics: Topics, queue: Queue, errors: Queue) -> Broker:
    """A broker whose rules send to a queue, and what they cannot send to another."""
    rules = [TopicRule(world, name, statement, queue, errors) for name, statement in statements(topics).items()]
    return Broker(world, Registry(), rules)
