"""catalog, send: the messages of the published language, and a sample on the bus of a local mall."""

import json
from typing import Any

import botocore.httpsession
import pytest
from botocore.awsrequest import AWSResponse

from clients.cli import stages
from events.registry import language
from tests.unit.cli.typed import ClientsMall, CommandLine


class Raw:
    """The body of an answer, as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> list[bytes]:
        return [self._body]


@pytest.fixture(autouse=True)
def bus(mall: ClientsMall, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The engine of the local mall: what is put on the bus reaches the mall. The hosts that were called."""
    called: list[str] = []

    def answer(self: object, request: Any) -> AWSResponse:
        called.append(request.url)
        for entry in json.loads(request.body)["Entries"]:
            mall.publish(json.loads(entry["Detail"]))
        body = json.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}).encode()
        return AWSResponse(request.url, 200, {}, Raw(body))  # type: ignore[arg-type]

    monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", answer)
    return called


def test_the_catalogue_has_every_message_with_its_versions_producer_and_consumers(cli: CommandLine) -> None:
    found = {one["name"]: one for one in cli("catalog --json").data}
    assert found.keys() == language().keys()
    created = found["OrderCreated"]
    assert (created["producer"], created["kind"], created["versions"]) == ("ordering", "event", [1])
    assert {"checkout", "live", "search"} <= set(created["consumers"])
    assert found["ShoppingListAccepted"]["answers"] == "CreateShoppingList"


def test_one_message_is_shown_with_its_schema_and_a_sample(cli: CommandLine) -> None:
    found = cli("catalog OrderCreated --json").data
    assert found["sample"]["data"]["order_id"] == "order-1"
    assert "order_id" in json.dumps(found["schema"])
    assert '"order_id": "order-1"' in cli("catalog OrderCreated").out
    assert "did you mean OrderCreated?" in cli("catalog OrderCreate", code=3).err


def test_the_catalogue_of_a_service_is_what_it_publishes_and_consumes(cli: CommandLine) -> None:
    names = {one["name"] for one in cli("catalog --service payments --json").data}
    assert {"PaymentAuthorized", "ConfirmPayment"} <= names
    assert "StoreCreated" not in names
    assert "did you mean payments?" in cli("catalog --service payment", code=3).err


def test_what_changed_since_a_revision_is_listed(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (stages.CHECKOUT / ".git").exists():
        pytest.skip("not a checkout")
    assert cli("catalog --diff HEAD --json").data["removed"] == []
    cli("catalog --diff no-such-revision", code=1)
    assert "leave out the name" in cli("catalog OrderCreated --diff HEAD", code=2).err
    monkeypatch.setattr(stages, "CHECKOUT", cli.folder)
    cli("catalog --diff HEAD", code=2)


def test_a_sample_is_put_on_the_bus_of_a_local_mall_with_the_fields_that_are_set(
    cli: CommandLine, mall: ClientsMall, bus: list[str]
) -> None:
    line = "send StoreCreated --set store_id=store-9 --set name='The Salt Road'"
    assert cli(f"{line} --dry-run --json").data["data"]["store_id"] == "store-9"
    assert bus == []
    id = cli(f"{line} --yes").out.strip()
    mall.settle()
    [sent] = mall.published
    assert (sent.metadata.id, sent.metadata.name, sent.data["name"]) == (id, "StoreCreated", "The Salt Road")
    assert all(url.startswith("http://127.0.0.1:4566/") for url in bus)


def test_what_is_no_such_message_is_not_sent(cli: CommandLine, bus: list[str]) -> None:
    cli("send StoreCreated --set store_id=1 --yes", code=2)
    cli("send StoreCreated --set store_id --yes", code=2)
    cli("send SagaWatchEnds --yes", code=2)
    assert "did you mean StoreCreated?" in cli("send StoreCreate --yes", code=3).err
    assert bus == []
