"""`make apply-erasures`: a table that was restored to before an erasure does not bring anybody back."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from functions.customers import codes, keys, service
from functions.customers.domain import Customer
from functions.customers.queries import queries
from functions.customers.service import Personal
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.eventstore.vault import DynamoVault
from functions.kernel.runtime import context, runtime
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import Runtime
from infra.operate import apply_erasures
from infra.operate.__main__ import parser
from infra.operate.apply_erasures import Applied, Tables, apply
from infra.operate.deployment import OperateError
from tests.simulation.check.stored_form import unpacked
from tests.support import aws
from tests.support.keys import MemoryKms
from tests.support.runtime import CODE_KEY, memory_runtime
from tests.unit.customers.before_keys import ADA, PERSONAL
from tests.unit.customers.before_keys import store as sample_store

NOTHING = Applied(1, 0, 0, 0)  # of a ledger with one entry


class Place:
    """The customers service on tables of DynamoDB that can be copied and put in place of those that serve."""

    def __init__(self) -> None:
        self.dynamodb = aws.client("dynamodb")
        self.kms = MemoryKms()
        self.serving = Tables(self._events(), self._rows(), self._rows())

    def _events(self) -> str:
        return aws.event_table(self.dynamodb)

    def _rows(self) -> str:
        return aws.view_table(self.dynamodb, [])

    def client(self, service: str, **config: Any) -> Any:
        assert service == "dynamodb"
        return self.dynamodb

    def outputs(self) -> dict[str, Mapping[str, str]]:
        tables = self.serving
        outputs = {"EventsTable": tables.events, "VaultTable": tables.vault, "ErasuresTable": tables.erasures}
        return {"mallbots-prod-customers": outputs}

    def backup(self) -> Tables:
        """Copies of the commits and the vault as of now, beside the one ledger."""
        copied = Tables(self._events(), self._rows(), self.serving.erasures)
        for name in ("events", "vault"):
            for item in self.items(getattr(self.serving, name)):
                self.dynamodb.put_item(TableName=getattr(copied, name), Item=item)
        return copied

    def items(self, table: str) -> list[dict[str, Any]]:
        found = self.dynamodb.scan(TableName=table)["Items"]
        return [{n: {"B": bytes(v["B"])} if "B" in v else v for n, v in item.items()} for item in found]

    def at_work(self) -> Runtime:
        """The service on the tables that serve, in a new container."""
        tables = self.serving
        store = DynamoEventStore(self.dynamodb, tables.events, {"vault": tables.vault, "erasures": tables.erasures})
        return memory_runtime(
            "customers",
            store=store,
            vault=DynamoVault(self.dynamodb, tables.vault),
            adapters={"code_key": CODE_KEY, **self.kms.adapters},
        )


@pytest.fixture
def place() -> Iterator[Place]:
    with aws.local_aws():
        yield Place()


def register(place: Place, name: str, number: str) -> str:
    with runtime.active(place.at_work()), context.within(Context(cause=Cause(f"key of {name}", "digest"))):
        return service.register(name, number)


def erase(place: Place, customer_id: str) -> None:
    with runtime.active(place.at_work()):
        service.erase(customer_id)


def readable(place: Place, customer_id: str, number: str) -> dict[str, Any]:
    """What can be had of a customer."""
    with runtime.active(place.at_work()):
        by_query = {
            name: queries.handle({"query": name, "data": {"customer_id": customer_id}})
            for name in ("FindCustomer", "FindCustomerStatus", "FindAddress")
        }
        named = queries.handle({"query": "FindCustomerNames", "data": {"customer_ids": [customer_id]}})
        key, found = keys.find(customer_id), list(keys.customers_with(codes.phone_id(number)))
    answers = {name: answer["answer"] for name, answer in by_query.items() if "answer" in answer}
    return {
        **answers,
        **named["answer"]["names"],
        **({"key": key} if key else {}),
        **({"found": found} if found else {}),
    }


@pytest.mark.parametrize("restored", ["events", "vault", "both"])
def test_who_was_erased_since_the_backup_stays_erased_and_the_others_are_there(place: Place, restored: str) -> None:
    ada, bob = register(place, "Ada Reyes", "+1 555 0100"), register(place, "Bob Okafor", "+1 555 0300")
    backup = place.backup()
    erase(place, ada)
    ledger = place.items(place.serving.erasures)
    place.serving = Tables(
        place.serving.events if restored == "vault" else backup.events,
        place.serving.vault if restored == "events" else backup.vault,
        backup.erasures,
    )
    before = readable(place, ada, "+1 555 0100")
    assert before, "the backup brings something back"
    expected = Applied(1, *(int(restored != other) for other in ("events", "events", "vault")))
    assert apply(place, place.serving) == expected
    assert readable(place, ada, "+1 555 0100") == {}
    with runtime.active(place.at_work()):
        assert service.personal(service.customer(bob)) == Personal("Bob Okafor", "+1 555 0300")
        assert list(keys.customers_with(codes.phone_id("+1 555 0300"))) == [bob]
        assert service.customers.load(ada).aggregate.status == "erased"
    assert place.items(place.serving.erasures) == ledger
    assert apply(place, place.serving) == NOTHING


def test_who_registered_and_was_erased_since_the_backup_cannot_be_registered_again(place: Place) -> None:
    backup = place.backup()
    ada = register(place, "Ada Reyes", "+1 555 0100")
    erase(place, ada)
    place.serving = backup
    assert apply(place, place.serving) == NOTHING
    with pytest.raises(NotFoundError):
        register(place, "Ada Reyes", "+1 555 0100")
    assert readable(place, ada, "+1 555 0100") == {}


def test_a_backup_of_before_there_were_keys_loses_the_name_of_who_was_erased_since(place: Place) -> None:
    for item in sample_store().log:
        place.dynamodb.put_item(TableName=place.serving.events, Item=item)
    backup = place.backup()
    erase(place, ADA)
    place.serving = Tables(backup.events, place.serving.vault, place.serving.erasures)
    assert apply(place, place.serving) == Applied(1, 0, 0, 1)
    left = str([unpacked(item) for item in place.items(place.serving.events) if item["stream"]["S"].endswith(ADA)])
    assert [text for text in PERSONAL if text in left] == []
    assert readable(place, ADA, "+1 555 0101") == {}


def test_the_erasure_that_is_applied_publishes_no_more_than_the_first(place: Place) -> None:
    ada = register(place, "Ada Reyes", "+1 555 0100")
    backup = place.backup()
    erase(place, ada)
    with runtime.active(place.at_work()) as running:
        first = [message.id for commit in running.store.forwards(Customer.stream(ada)) for message in commit.messages]
    place.serving = backup
    apply(place, place.serving)
    with runtime.active(place.at_work()) as running:
        again = [message.id for commit in running.store.forwards(Customer.stream(ada)) for message in commit.messages]
    assert again == first


def test_the_command_takes_the_tables_of_the_stage_unless_others_are_named(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    ada = register(place, "Ada Reyes", "+1 555 0100")
    backup = place.backup()
    erase(place, ada)
    options = parser().parse_args(["apply-erasures", "--table", backup.events, "--vault", backup.vault])
    assert apply_erasures.run(options, place) == 0
    assert said(capsys) == "The ledger has 1 entry. Erased again: 1 key, 1 digest of phones, 1 stream."
    assert apply_erasures.run(parser().parse_args(["apply-erasures"]), place) == 0
    assert said(capsys) == "The ledger has 1 entry. Erased again: 0 keys, 0 digests of phones, 0 streams."


def test_with_all_three_tables_named_no_stack_need_be_there(place: Place) -> None:
    tables = place.serving
    names = ["--table", tables.events, "--vault", tables.vault, "--ledger", tables.erasures]
    options = parser().parse_args(["apply-erasures", *names])
    assert apply_erasures.tables(options, place) == tables


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (["--table", "nope"], "there is no table nope: check TABLE"),
        (["--table", "VAULT"], "VAULT has the key partition, not stream: check TABLE"),
        (["--vault", "EVENTS"], "EVENTS has the key stream, not partition: check VAULT"),
    ],
)
def test_a_table_that_is_not_there_or_is_another_is_refused_before_anything_is_changed(
    place: Place, named: list[str], message: str
) -> None:
    erase(place, register(place, "Ada Reyes", "+1 555 0100"))
    names = {"VAULT": place.serving.vault, "EVENTS": place.serving.events}
    for word, name in names.items():
        message = message.replace(f"{word} has", f"{name} has")
    options = parser().parse_args(["apply-erasures", *(names.get(word, word) for word in named)])
    before = [place.items(table) for table in (place.serving.events, place.serving.vault)]
    with pytest.raises(OperateError, match=f"^{message}$"):
        apply_erasures.run(options, place)
    assert [place.items(table) for table in (place.serving.events, place.serving.vault)] == before


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line that was printed."""
    return capsys.readouterr().out.splitlines()[-1]
