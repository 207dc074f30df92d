"""No queue is deleted with what is in it: a consumer goes after a release in which no message came to it any more."""

import json
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from events.depot import BotRetired, WaitingListsDue
from functions.kernel.composition.manifest import manifest
from functions.kernel.messaging.inbox import Inbox
from infra import consumers
from infra.queues import InboxQueue
from infra.stages import stage


def test_no_consumer_is_gone_to_which_messages_came_in_the_last_release() -> None:
    """What to do instead: docs/operations.md, "Rename or remove a consumer"."""
    assert consumers.gone_too_soon(consumers.released(), consumers.current()) == []


@pytest.mark.parametrize(
    ("before", "gone"),
    [
        ({"depot/inbox": 12, "depot/old": 3}, ["depot/old"]),
        ({"depot/inbox": 12, "depot/old": 0}, []),  # all its messages moved
        ({"depot/inbox": 12, "depot/new.fifo": 3}, ["depot/new.fifo"]),  # a standard queue has another name
        ({"depot/inbox": 12}, []),
        ({"depot/inbox": 12, "warehouse/inbox": 3}, []),  # there is no such service any more
    ],
)
def test_a_consumer_goes_once_nothing_comes_to_it(before: dict[str, int], gone: list[str]) -> None:
    assert consumers.gone_too_soon(before, {"depot/inbox": 12, "depot/new": 3}) == gone


def test_a_queue_that_becomes_a_standard_one_is_another_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    [dispatcher] = [inbox for inbox in manifest("depot").inboxes if inbox.fifo]
    monkeypatch.setattr(dispatcher, "fifo", False)
    assert consumers.gone_too_soon(consumers.released(), consumers.current()) == ["depot/dispatcher.fifo"]


def test_a_release_records_the_consumers_unless_one_is_gone_too_soon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "released.json"
    record.write_text(json.dumps({**consumers.current(), "depot/old": 0}))
    assert consumers.main(record) == 0
    assert json.loads(record.read_text()) == consumers.current()
    before = json.dumps({**consumers.current(), "depot/old": 1})
    record.write_text(before)
    assert consumers.main(record) == 1
    assert record.read_text() == before
    assert "depot/old is gone, and its queue may have messages" in capsys.readouterr().out


def test_a_consumer_whose_messages_all_moved_keeps_its_queues_and_has_no_rule_any_more() -> None:
    """So the release that moves them deletes nothing, and what is in the old queue is handled there."""
    old, new = Inbox("depot", queue="old"), Inbox("depot", queue="new")
    for inbox in (old, new):
        inbox.on(BotRetired, WaitingListsDue)(lambda message: None)
    old.move("new", BotRetired, WaitingListsDue)
    stack = Stack(App(), "Depot")
    queues = [InboxQueue(stack, one.queue, stage=stage("dev"), service="depot", inbox=one) for one in (old, new)]
    queues[0].give_way([queues[1]])
    template = Template.from_stack(stack).to_json()["Resources"].values()
    named = [one["Properties"]["QueueName"] for one in template if one["Type"] == "AWS::SQS::Queue"]
    kinds = ("", "-dead-letters", "-undelivered")
    assert sorted(named) == sorted(f"mallbots-dev-depot-{one}{kind}" for one in ("old", "new") for kind in kinds)
    assert [one["Properties"]["Name"] for one in template if one["Type"] == "AWS::Events::Rule"] == [
        "mallbots-dev-depot-new"
    ]
    assert old.messages == []
