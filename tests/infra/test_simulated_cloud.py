"""What the simulation assumes of queues and their consumers is what the templates say."""

from functions.insights import inbox as insights
from functions.live import inbox as live
from tests.infra.conftest import Templates, arn_of
from tests.simulation.deployment import MAX_RECEIVES, ROBOTS_BATCH, ROBOTS_WINDOW
from tests.simulation.event_source import VISIBILITY
from tests.simulation.scheduler import SECOND


def test_consumed_queues_have_the_simulated_settings(dev: Templates) -> None:
    queues = {(stack, name): resource for stack, name, resource in dev.resources("AWS::SQS::Queue")}
    consumed = {
        (stack, arn_of(mapping["EventSourceArn"])): mapping
        for stack, _, mapping in dev.resources("AWS::Lambda::EventSourceMapping")
        if (stack, arn_of(mapping["EventSourceArn"])) in queues
    }
    found = {
        (
            mapping["BatchSize"],
            mapping.get("MaximumBatchingWindowInSeconds", 0),
            queues[place]["VisibilityTimeout"],
            queues[place]["RedrivePolicy"]["maxReceiveCount"],
        )
        for place, mapping in consumed.items()
        if "outcomes" not in place[1].lower()
    }
    visibility = VISIBILITY // SECOND
    assert found == {
        (10, 0, visibility, MAX_RECEIVES),
        *((10, window, visibility + window, MAX_RECEIVES) for window in (insights.WINDOW, live.WINDOW)),
        (ROBOTS_BATCH, ROBOTS_WINDOW, visibility + ROBOTS_WINDOW, MAX_RECEIVES),
    }
