"""`make migrate-personal-data`: what held names and numbers before holds none, whatever stops it on the way."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from functions.customers import service
from functions.customers.inbox import inbox
from functions.customers.service import Personal
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.eventstore.vault import DynamoVault
from functions.kernel.projections.view_store import DynamoViews
from functions.kernel.runtime import context, runtime
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from functions.payments import service as payments
from functions.payments.queries import queries
from infra.operate import migrate_personal_data
from infra.operate.__main__ import parser
from infra.operate.deployment import OperateError
from infra.operate.migrate_personal_data import (
    ROWS,
    point_to_payments,
    purge,
    renew_letters,
    seal,
    streams_in_plain,
)
from tests.simulation.check.stored_form import unpacked
from tests.support import aws
from tests.support.callers import CLERK
from tests.support.delivery import attributes
from tests.support.runtime import memory_runtime
from tests.unit.customers.before_keys import ADA, EVE, PERSONAL, SAMPLE
from tests.unit.customers.before_keys import store as sample_store
from tests.unit.customers.before_keys import streams as sample_streams

LETTER = {
    "version": "0",
    "source": "mallbots.customers",
    "detail-type": "CustomerSmsChanged",
    "detail": {
        "metadata": {"id": "message-1", "name": "CustomerSmsChanged", "version": 1, "stream_version": 2},
        "data": {"customer_id": ADA, "name": "Ada Reyes", "sms_number": "+1 555 0101", "enabled": True},
    },
}
OTHER = {"detail": {"metadata": {"id": "message-2", "name": "StoreCreated", "version": 1}, "data": {"name": "Shop"}}}


class Place:
    """A deployment of customers, search, notifications and insights."""

    def __init__(self) -> None:
        self.clients = {name: aws.client(name) for name in ("dynamodb", "sqs")}
        self._queues = {name: self._queue(name) for name in ("customers-inbox", "search-dead", "search-undelivered")}
        self._views = {service: aws.view_table(self.clients["dynamodb"], []) for service in (*ROWS, "payments")}
        self._payments = aws.event_table(self.clients["dynamodb"])
        self._events, self._vault, self._erasures = (
            aws.event_table(self.clients["dynamodb"]),
            aws.view_table(self.clients["dynamodb"], []),
            aws.view_table(self.clients["dynamodb"], []),
        )
        for item in sample_store().log:
            self.clients["dynamodb"].put_item(TableName=self._events, Item=item)

    def _queue(self, name: str) -> str:
        return cast(str, self.clients["sqs"].create_queue(QueueName=name)["QueueUrl"])

    def client(self, service: str, **config: Any) -> Any:
        return self.clients[service]

    def outputs(self) -> dict[str, Mapping[str, str]]:
        of_search = {
            "InboxDeadLetters": self._queues["search-dead"],
            "InboxUndelivered": self._queues["search-undelivered"],
        }
        return {
            "mallbots-prod-customers": {"EventsTable": self._events, "InboxQueue": self._queues["customers-inbox"]},
            "mallbots-prod-search": {"ViewsTable": self._views["search"], **of_search},
            "mallbots-prod-notifications": {"ViewsTable": self._views["notifications"]},
            "mallbots-prod-insights": {"ViewsTable": self._views["insights"]},
            "mallbots-prod-payments": {"ViewsTable": self._views["payments"], "EventsTable": self._payments},
        }

    def customers(self) -> Runtime:
        tables = {"vault": self._vault, "erasures": self._erasures}
        return memory_runtime(
            "customers",
            store=DynamoEventStore(self.clients["dynamodb"], self._events, tables),  # type: ignore[arg-type]
            vault=DynamoVault(self.clients["dynamodb"], self._vault),
        )

    def views(self, service: str) -> DynamoViews:
        return DynamoViews(self.clients["dynamodb"], self._views[service])

    def keys(self, service: str) -> list[tuple[str, str]]:
        items = self.clients["dynamodb"].scan(TableName=self._views[service])["Items"]
        return sorted((item["partition"]["S"], item["sort"]["S"]) for item in items)

    def send(self, queue: str, body: object, **more: str) -> None:
        given = {name: {"DataType": "String", "StringValue": value} for name, value in more.items()}
        text = body if isinstance(body, str) else json.dumps(body)
        self.clients["sqs"].send_message(QueueUrl=self._queues[queue], MessageBody=text, MessageAttributes=given)

    def received(self, queue: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while batch := self._receive(queue):
            found += batch
        return found

    def _receive(self, queue: str) -> list[dict[str, Any]]:
        more = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        received = self.clients["sqs"].receive_message(QueueUrl=self._queues[queue], **more)
        return cast(list[dict[str, Any]], received.get("Messages", []))

    def stored(self) -> str:
        items = self.clients["dynamodb"].scan(TableName=self._events)["Items"]
        plain = [{n: {"B": bytes(v["B"])} if "B" in v else v for n, v in item.items()} for item in items]
        return str([unpacked(item) for item in plain])


@pytest.fixture
def place() -> Iterator[Place]:
    with aws.local_aws():
        yield Place()


def deliver(place: Place) -> int:
    """Have customers handle what is in their queue; returns how many messages there were."""
    messages = place.received("customers-inbox")
    with runtime.active(place.customers()):
        for message in messages:
            record = {"messageId": message["MessageId"], "receiptHandle": "r", "body": message["Body"]}
            assert inbox.handle({"Records": [{**record, "attributes": attributes()}]}) == {"batchItemFailures": []}
    return len(messages)


def test_every_stream_that_holds_something_in_plain_is_sealed_by_the_service(place: Place) -> None:
    assert sorted(streams_in_plain(place)) == sorted(sample_streams())
    assert all(text in place.stored() for text in PERSONAL)
    assert seal(place) == deliver(place) == len(sample_streams())
    assert [text for text in PERSONAL if text in place.stored()] == []
    assert list(streams_in_plain(place)) == []
    with runtime.active(place.customers()):
        assert service.personal(service.customer(ADA)) == Personal("Ada Reyes", "+1 555 0101")


def test_a_second_run_asks_for_what_is_left(place: Place) -> None:
    seal(place)
    with runtime.active(place.customers()):
        inbox.handle({"Records": [one(place)]})
    assert seal(place) == len(sample_streams()) - 1


def test_every_stream_is_looked_at_where_that_is_asked_for(place: Place) -> None:
    seal(place)
    deliver(place)
    assert seal(place) == 0
    assert seal(place, every=True) == deliver(place) == len(sample_streams())


def one(place: Place) -> dict[str, Any]:
    message = place._receive("customers-inbox")[0]
    return {"messageId": "m", "receiptHandle": "r", "body": message["Body"], "attributes": attributes()}


def test_streams_of_other_kinds_are_left_alone(place: Place) -> None:
    kinds = {stream.partition("#")[0] for stream in streams_in_plain(place)}
    assert kinds == {"Customer", "Phone", "Kiosk"}


@pytest.mark.parametrize("service", ["search", "notifications"])
def test_the_copies_of_customers_are_deleted_with_tombstones_and_nothing_else(place: Place, service: str) -> None:
    views = place.views(service)
    for number in range(60):
        views.put(Row("customers", f"customer-{number}", {"name": "Ada Reyes"} if number % 9 else None), 1)
    views.put(Row("orders", "order-1", {"customer_id": ADA}), 1)
    assert purge(place, service, changes=False) == 60
    assert len(place.keys(service)) == 61
    assert purge(place, service) == 60
    assert place.keys(service) == [("orders", "order-1")]
    assert purge(place, service) == 0


def test_what_insights_kept_of_persons_is_deleted_with_its_marks_and_nothing_else(place: Place) -> None:
    views = place.views("insights")
    for customer in ("ada", "eve"):
        for version in range(1, 40):
            data = {"name": "Ada Reyes", "sms_number": "+1 555 0100"} if customer == "ada" else None
            views.put(Row(f"said of {customer}", f"{version:09}", data), version)
    views.put(Row("erasures", "eve", {"version": 40}), 40)
    views.put(Row("forgotten", "eve", {"version": 39}), 39)
    message = {"id": "m", "person": ["said of ada", "000000001"], "data": {"name": ""}}
    views.put(Row("flow f", "2026 m", message), 1)
    assert purge(place, "insights") == 80
    assert place.keys("insights") == [("flow f", "2026 m")]


@pytest.mark.parametrize("queue", ["search-dead", "search-undelivered"])
def test_a_dead_letter_of_before_is_rewritten_and_keeps_its_reason(place: Place, queue: str) -> None:
    place.send(queue, LETTER, reason="a bug", tries="8")
    assert renew_letters(place) == 1
    [letter] = place.received(queue)
    assert json.loads(letter["Body"]) == {
        **LETTER,
        "detail": {
            "metadata": {**LETTER["detail"]["metadata"], "version": 2},  # type: ignore[index]
            "data": {"customer_id": ADA, "enabled": True},
        },
    }
    assert {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()} == {
        "reason": "a bug",
        "tries": "8",
    }


def test_other_dead_letters_stay_and_can_be_received_at_once(place: Place) -> None:
    bodies = [json.dumps(OTHER), "no JSON", "[1]", json.dumps({"detail": "x"})]
    for body in bodies:
        place.send("search-dead", body)
    assert renew_letters(place) == 0
    assert sorted(letter["Body"] for letter in place.received("search-dead")) == sorted(bodies)


def test_letters_that_are_visible_again_before_the_queue_was_read_do_not_end_the_run(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that takes longer to read than they are hidden. AWS refuses to hide such a letter, or to show it."""

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "MessageNotInflight", "Message": "it is visible"}}, "ChangeVisibility")

    monkeypatch.setattr(migrate_personal_data, "HIDDEN_SECONDS", 0)
    monkeypatch.setattr(place.clients["sqs"], "change_message_visibility", refuse)
    for number in range(12):
        place.send("search-dead", {**OTHER, "number": number})
    place.send("search-undelivered", LETTER)
    assert renew_letters(place) == 1
    numbers = {json.loads(letter["Body"])["number"] for letter in place.received("search-dead")}
    assert numbers == set(range(12))


def test_a_dead_letter_keeps_an_attribute_of_bytes(place: Place) -> None:
    given = {"why": {"DataType": "Binary", "BinaryValue": b"a bug"}}
    queue = place.outputs()["mallbots-prod-search"]["InboxDeadLetters"]
    place.clients["sqs"].send_message(QueueUrl=queue, MessageBody=json.dumps(LETTER), MessageAttributes=given)
    assert renew_letters(place) == 1
    [letter] = place.received("search-dead")
    assert letter["MessageAttributes"]["why"]["BinaryValue"] == b"a bug"


def test_many_dead_letters_are_each_rewritten_once(place: Place) -> None:
    for number in range(25):
        place.send("search-dead", {**LETTER, "number": number})
    assert renew_letters(place) == 25
    letters = [json.loads(letter["Body"]) for letter in place.received("search-dead")]
    assert sorted(letter["number"] for letter in letters) == list(range(25))
    assert renew_letters(place) == 0


def test_payments_of_before_are_found_by_their_customer_once_each_has_a_row(place: Place) -> None:
    store = DynamoEventStore(place.clients["dynamodb"], place._payments)
    views = place.views("payments")
    with runtime.active(memory_runtime("payments", store=store, views=views, adapters={"provider": AnyProvider()})):
        views.put(Row("customers", ADA, {"erased": False}), 1)
        payment_ids = []
        for _ in range(3):
            with context.within(Context(caller=CLERK)):
                payment_ids.append(payments.authorize(ADA, 500))
        rows = [key for key in place.keys("payments") if key[0] == f"payments of {ADA}"]
        for key in rows[:2]:
            views.delete(*key)
        payments.void(payment_ids[0], "order-1", ADA)
        asked = {"query": "FindPaymentsOf", "data": {"customer_id": ADA, "limit": 9}}
        assert len(queries.handle(asked)["answer"]["rows"]) == 1
        assert point_to_payments(place, changes=False) == point_to_payments(place) == 2
        assert sorted(row["id"] for row in queries.handle(asked)["answer"]["rows"]) == sorted(payment_ids)
    assert [key for key in place.keys("payments") if key[0] == f"payments of {ADA}"] == rows
    assert point_to_payments(place) == 0


class AnyProvider:
    """A provider that authorizes everything."""

    def authorize(self, payment_id: str, customer_id: str, amount: int, request_id: str) -> None:
        """It holds."""


def test_a_dry_run_counts_and_changes_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.views("search").put(Row("customers", ADA, {"name": "Ada Reyes"}), 1)
    place.send("search-dead", LETTER)
    before = place.stored()
    options = parser().parse_args(["migrate-personal-data", "--dry-run"])
    assert migrate_personal_data.run(options, place) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{len(sample_streams())} streams of customers to be sealed.",
        "1 row of search to be deleted.",
        "0 rows of notifications to be deleted.",
        "0 rows of insights to be deleted.",
        "0 payments to be made findable by customer.",
        "1 dead letter to be rewritten.",
    ]
    assert place.stored() == before
    assert place.keys("search") == [("customers", ADA)]
    assert place.received("customers-inbox") == []
    assert [json.loads(letter["Body"]) for letter in place.received("search-dead")] == [LETTER]


def test_a_run_says_what_it_did_and_what_follows(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate_personal_data.run(parser().parse_args(["migrate-personal-data"]), place) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{len(sample_streams())} streams of customers will be sealed."
    assert said[-1] == "The customers service does that: ARGS=--dry-run shows how many are left to seal."


def test_a_queue_that_does_not_take_all_ends_the_run_with_what_to_do(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = place.clients["sqs"]
    monkeypatch.setattr(sqs, "send_message_batch", lambda **_: {"Failed": [{"Id": "0"}]})
    with pytest.raises(OperateError, match="run it again"):
        seal(place)


def test_the_sample_has_an_erased_customer_whose_name_is_dropped(place: Place) -> None:
    seal(place)
    deliver(place)
    with runtime.active(place.customers()) as running:
        [registered] = [c for c in running.store.forwards(f"Customer#{EVE}") if c.version == 1]
        assert registered.events[0].data["name"] == registered.events[0].data["sms_number"] == ""
    assert any(asked["body"].get("name") == "Eve Molina" for asked in SAMPLE["requests"])
