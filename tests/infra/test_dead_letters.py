"""What `make dead-letters` lists of a stage, stored and in queues yet, against moto, and against SQS as documented."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.messaging.inbox import FIFO_GROUP
from functions.operations.letters import DONE, PARKED, letter_id
from infra.operate.__main__ import MODULES, main, parser
from infra.operate.dead_letters import dead_letters
from infra.operate.deployment import Account
from tests.infra.queues import DEPOT, LETTER, send, store
from tests.unit.operations.made import made


def test_what_waits_in_queues_is_listed_with_its_reasons_and_stays(account: Account) -> None:
    reason = {"reason": {"StringValue": "the jar is sealed", "DataType": "String"}}
    send("InboxDeadLetters", json.dumps(LETTER), MessageAttributes=reason)
    send("dispatcher-dead.fifo", "no JSON", MessageGroupId=FIFO_GROUP, MessageDeduplicationId="1")
    send("others", "of another stage")
    for _ in range(2):
        found = [(letter.queue, letter.message_id, letter.reason) for letter in dead_letters(account)]
        assert found[0] == ("depot/inbox/dead-letters", "m-1", "the jar is sealed")
        [(queue, message, why)] = found[1:]
        assert (queue, message) == ("depot/dispatcher/dead-letters", "")
        assert why


def test_what_is_stored_is_listed_until_it_is_done_and_once_where_it_is_in_its_queue_too(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    store(made(1), made(2, state=PARKED), made(3, state=DONE), made(4, "ordering/inbox"))
    stored_too = made(5, id=letter_id("depot/inbox", "m-1"), message_id="m-1")
    store(stored_too)
    send("InboxDeadLetters", json.dumps(LETTER))
    found = {(letter.message_id, letter.state) for letter in dead_letters(account)}
    assert found == {("message-1", "open"), ("message-2", PARKED), ("message-4", "open"), ("m-1", "open")}
    assert len(dead_letters(account)) == 4
    assert {letter.consumer for letter in dead_letters(account, "depot")} == {"depot/inbox"}
    assert main(["dead-letters", "--stage", "prod", "--bodies"]) == 0
    printed = capsys.readouterr().out
    assert made(1).id in printed
    assert '"number": 2' in printed
    assert made(3).id not in printed


def test_more_letters_than_a_page_holds_are_listed_up_to_the_limit(account: Account) -> None:
    store(*(made(number % 60, id=f"{number:032}") for number in range(130)))
    assert len(dead_letters(account)) == 130
    assert len(dead_letters(account, limit=120)) == 120


def test_nothing_is_listed_where_nothing_was_given_up(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dead-letters", "--stage", "prod", "--service", "depot"]) == 0
    assert capsys.readouterr().out == "No dead letters.\n"


def test_the_bodies_are_printed_also_of_what_is_not_json(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    send("InboxDeadLetters", json.dumps(LETTER), "no JSON")
    assert main(["dead-letters", "--stage", "prod", "--service", "depot", "--bodies"]) == 0
    printed = capsys.readouterr().out
    assert "no JSON" in printed
    assert '"name": "OrderCancelled"' in printed


def test_a_terminal_obeys_nothing_of_what_robots_and_others_wrote(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    store(made(1, reason="stuck\x1b[2J"))
    assert main(["dead-letters", "--stage", "prod"]) == 0
    assert "stuck\\x1b[2J" in capsys.readouterr().out


def test_what_a_rule_or_the_relay_gave_up_is_listed_with_the_reason_that_aws_gives(account: Account) -> None:
    given = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "Access denied", "RETRY_ATTEMPTS": "0"}
    attributes = {name: {"StringValue": value, "DataType": "String"} for name, value in given.items()}
    send("InboxUndelivered", json.dumps(LETTER), MessageAttributes=attributes)
    context = {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 9}
    send("RelayFailures", json.dumps({"requestContext": context, "DDBStreamBatchInfo": {"shardId": "s"}}))
    undelivered, batch = dead_letters(account)
    assert (undelivered.queue, undelivered.message_id) == ("depot/inbox/undelivered", "m-1")
    assert "Access denied" in undelivered.reason
    assert (batch.queue, batch.tries) == ("depot/relay/failures", 9)
    assert batch.reason == "the relay gave up commits (RetryAttemptsExhausted): see its log"


@pytest.mark.parametrize("body", ['{"detail": {"metadata": []}}', '{"detail": {"metadata": {"name": 5}}}', "[1]", "5"])
def test_an_odd_dead_letter_does_not_hide_the_others(
    account: Account, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = {
        "reason": {"StringValue": "no [/red] field", "DataType": "String"},
        "picture": {"BinaryValue": b"x", "DataType": "Binary"},
    }
    send("InboxDeadLetters", body, MessageAttributes=odd)
    send("InboxDeadLetters", json.dumps(LETTER))
    assert main(["dead-letters", "--stage", "prod"]) == 0
    printed = capsys.readouterr().out
    assert "[/red]" in printed
    assert letter_id("depot/inbox", "m-1") in printed


class Queue:
    """A queue of SQS as documented: a hidden message is received again after its time, or in turn after its group."""

    def __init__(self, count: int, *, fifo: bool = False) -> None:
        self._hidden_until = dict.fromkeys(map(str, range(count)), 0.0)
        self._fifo, self._now, self.receives = fifo, 0.0, 0

    def client(self, service: str, **config: Any) -> "Queue":
        return self

    def outputs(self) -> dict[str, Mapping[str, str]]:
        return {DEPOT: {"InboxDeadLetters": "url"}}

    @property
    def visible(self) -> list[str]:
        return [name for name, until in self._hidden_until.items() if until <= self._now]

    def get_queue_attributes(self, **_asked: Any) -> dict[str, Any]:
        return {"Attributes": {"ApproximateNumberOfMessages": str(len(self.visible))}}

    def receive_message(self, MaxNumberOfMessages: int, VisibilityTimeout: int, **_asked: Any) -> dict[str, Any]:
        self.receives += 1
        assert self.receives < 1_000, "it never ends"
        self._now += 0.15
        in_turn = self._fifo and len(self.visible) < len(self._hidden_until)
        names = [] if in_turn else self.visible[:MaxNumberOfMessages]
        self._hidden_until.update(dict.fromkeys(names, self._now + VisibilityTimeout))
        return {"Messages": [{"MessageId": name, "ReceiptHandle": name, "Body": "{}"} for name in names]}

    def change_message_visibility_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert len(Entries) <= 10
        self._now += 0.05
        handles = {entry["Id"]: entry["ReceiptHandle"] for entry in Entries}
        failed = [{"Id": n, "Code": "MessageNotInflight"} for n, name in handles.items() if name in self.visible]
        self._hidden_until.update(dict.fromkeys(handles.values(), 0.0))
        return {"Failed": failed}

    def change_message_visibility(self, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:
        self._now += 0.05
        if ReceiptHandle in self.visible:
            error = {"Error": {"Code": "MessageNotInflight", "Message": "not in flight"}}
            raise ClientError(error, "ChangeMessageVisibility")  # type: ignore[arg-type]  # boto3's own type
        self._hidden_until[ReceiptHandle] = 0.0


@pytest.mark.parametrize(
    ("count", "limit", "listed"), [(700, 1_000, 700), (5_000, 1_000, 1_000), (5_000, 5_000, 2_010)]
)
def test_a_queue_with_many_dead_letters_is_listed_up_to_the_limit_and_left_visible(
    count: int, limit: int, listed: int
) -> None:
    """At 0.15 s a receive, those received first are visible again after 200 receives: the next brings them again."""
    queue = Queue(count)
    assert len(dead_letters(queue, limit=limit)) == listed
    assert len(queue.visible) == count


def test_the_dead_letters_that_could_not_be_listed_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a group in a FIFO queue, only one batch can be in flight."""
    options = parser().parse_args(["dead-letters"])
    assert MODULES["dead-letters"].run(options, Queue(25, fifo=True)) == 0
    assert "depot/inbox/dead-letters: 10 of about 25\n" in capsys.readouterr().out
