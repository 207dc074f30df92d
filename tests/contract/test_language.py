"""The published language: what every message keeps to, and how one is read."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from events.envelope import Envelope, Metadata
from events.registry import (
    Command,
    Event,
    Kind,
    MalformedMessageError,
    Message,
    Reply,
    UnknownMessageError,
    decode,
    language,
    rule_pattern,
    upcasts,
)
from events.stores import ProductAdded, StoreCreated
from language import generate

EVENTS = generate.ROOT / "events"
MESSAGES = list(language().values())
SAMPLES = sorted((EVENTS / "samples").glob("*.json"))
STATES = {
    "store_id": {"store_id", "name", "location", "participating"},
    "product_id": {"product_id", "store_id", "name", "description", "sku", "price", "removed"},
    "customer_id": {"customer_id", "enabled", "language"},
    "phone_id": {"phone_id", "request", "expires_at"},
    "basket_id": {"basket_id", "customer_id", "status", "items", "total"},
    "order_id": {
        *("order_id", "customer_id", "payment_id", "items", "total", "status", "ready", "paid"),
        *("shopping_list_id", "created_at", "approved_at", "readied_at"),
    },
    "shopping_list_id": {
        *("shopping_list_id", "order_id", "status", "stops", "bot_id", "assignment", "by_staff"),
    },
    "bot_id": {"bot_id", "name", "status", "list_id", "assignment"},
    "payment_id": {
        *("payment_id", "customer_id", "order_id", "authorized", "captured", "released", "refunded", "status"),
    },
    "invoice_id": {"invoice_id", "order_id", "payment_id", "amount", "status"},
    "difference_id": {"difference_id", "payment_id", "status", "reasons", "since"},
    "notification_id": {"notification_id", "order_id", "customer_id", "kind", "status", "sent_at"},
}

STATES_AT = {("fleet", "bot_id"): {"bot_id", "connected"}}  # where one service knows else of it than its owner
ABOUT_A_ROBOTS_LIST = ("ReportCollection", "CollectionAccepted", "CollectionRefused")

each_message = pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.about.name)
each_sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


@each_message
def test_every_message_has_a_schema_and_a_sample(message: type[Message]) -> None:
    file = f"{message.about.name}.v{message.about.version}.json"
    assert (EVENTS / "schemas" / file).is_file()
    assert (EVENTS / "samples" / file).is_file()


@each_message
def test_every_message_says_in_a_sentence_what_it_means(message: type[Message]) -> None:
    assert message.__doc__ not in (None, *(base.__doc__ for base in message.__mro__[1:]))
    assert (message.__doc__ or "").strip().split("\n")[0].endswith(".")


@each_message
def test_every_event_carries_its_aggregates_whole_public_state(message: type[Message]) -> None:
    if message.about.kind is Kind.EVENT and message.about.name != "CustomerErased":
        key = message.about.key
        assert message.model_fields.keys() >= STATES_AT.get((message.about.source, key), STATES[key])


def test_no_message_of_customers_has_a_name_or_a_number() -> None:
    about = {name: message.model_fields.keys() for name, message in language().items() if name.startswith("Customer")}
    assert {name for name, fields in about.items() if fields & {"name", "sms_number"}} == set()
    assert about["CustomerErased"] == {"customer_id", "erased"}


@each_message
def test_every_command_and_every_reply_is_about_an_order_or_the_list_of_a_robot(message: type[Message]) -> None:
    if message.about.kind in (Kind.COMMAND, Kind.REPLY):
        assert message.about.key == ("list_id" if message.about.name in ABOUT_A_ROBOTS_LIST else "order_id")


@each_message
def test_every_command_is_answered_by_the_service_that_it_is_for(message: type[Message]) -> None:
    if message.about.kind is Kind.COMMAND:
        answers = [reply for reply in MESSAGES if reply.about.answers is message]
        assert {reply.about.source for reply in answers} == {message.about.to}
    if message.about.kind is Kind.REPLY:
        assert message.about.answers is not None


def test_nothing_that_is_committed_has_drifted_from_the_models() -> None:
    found = generate.plan()
    assert found.faults == []
    assert sorted(path.name for path in found.write) == []


@each_sample
def test_every_sample_fits_its_schema(path: Path) -> None:
    sample = read(path)
    Draft202012Validator(read(EVENTS / "schemas" / "Envelope.json")).validate(sample)
    Draft202012Validator(read(EVENTS / "schemas" / path.name)).validate(sample["data"])


@each_sample
def test_every_sample_ever_made_is_read_and_said_again(path: Path) -> None:
    envelope = Envelope.read(read(path))
    message = decode(envelope.metadata.name, envelope.metadata.version, envelope.data)
    assert type(message).about.name == path.stem.split(".v")[0]
    again = type(message).model_validate(message.model_dump(mode="json"))
    assert again == message
    if envelope.metadata.version == type(message).about.version:
        assert message.model_dump(mode="json").items() >= envelope.data.items()
        assert envelope.detail() == read(path)


@each_sample
def test_members_that_are_not_known_are_ignored_at_every_depth(path: Path) -> None:
    def with_more(value: Any) -> Any:
        if isinstance(value, dict):
            return {"surprise": {"deep": [1]}} | {name: with_more(part) for name, part in value.items()}
        return [with_more(part) for part in value] if isinstance(value, list) else value

    plain, more = Envelope.read(read(path)), Envelope.read(with_more(read(path)))
    assert more.metadata == plain.metadata
    name, version = plain.metadata.name, plain.metadata.version
    assert decode(name, version, more.data) == decode(name, version, plain.data)


@each_sample
def test_members_that_are_not_known_are_refused_at_every_depth_when_a_message_is_made(path: Path) -> None:
    name, _, version = path.stem.partition(".v")
    made = decode(name, int(version), read(path)["data"])
    for shape in shapes_in(made):
        with pytest.raises(ValidationError, match="surprise"):
            type(shape).model_validate(shape.model_dump() | {"surprise": 1})


def shapes_in(value: Any) -> list[BaseModel]:
    if isinstance(value, BaseModel):
        return [value, *(shape for _, part in value for shape in shapes_in(part))]
    return [shape for part in value for shape in shapes_in(part)] if isinstance(value, tuple) else []


@each_sample
def test_a_message_cannot_be_changed(path: Path) -> None:
    envelope = Envelope.read(read(path))
    message = decode(envelope.metadata.name, envelope.metadata.version, envelope.data)
    hash(message)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(message, type(message).about.key, "another")


@pytest.mark.parametrize("price", [-1, 4.5, "450", True, None, 2**53])
def test_an_amount_is_a_whole_number_of_cents(price: Any) -> None:
    sample = read(EVENTS / "samples" / "ProductAdded.v1.json")["data"]
    with pytest.raises(MalformedMessageError, match="ProductAdded version 1 does not fit its model: price"):
        decode("ProductAdded", 1, sample | {"price": price})


def test_a_message_nobody_publishes_is_refused() -> None:
    with pytest.raises(UnknownMessageError, match="no message named 'StoreBurnt'"):
        decode("StoreBurnt", 1, {})


def test_a_version_newer_than_this_code_is_refused_clearly() -> None:
    with pytest.raises(UnknownMessageError, match="StoreCreated version 2 is newer than this code, which knows 1"):
        decode("StoreCreated", 2, {})


@pytest.mark.usefixtures("own_words")
def test_an_old_version_is_brought_up_step_by_step() -> None:
    class LampLit(Event, source="lamps", key="lamp_id", version=3):
        """A lamp was lit."""

        lamp_id: str
        watts: int
        colour: str

    @upcasts(LampLit, from_version=1)
    def watts_were_a_text(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "watts": int(data["watts"])}

    @upcasts(LampLit, from_version=2)
    def all_were_white(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "colour": "white"}

    newest = LampLit(lamp_id="lamp-1", watts=40, colour="white")
    assert decode("LampLit", 1, {"lamp_id": "lamp-1", "watts": "40"}, known=[LampLit]) == newest
    assert decode("LampLit", 2, {"lamp_id": "lamp-1", "watts": 40}, known=[LampLit]) == newest
    with pytest.raises(UnknownMessageError, match="no upcaster from version 0"):
        decode("LampLit", 0, {}, known=[LampLit])
    with pytest.raises(MalformedMessageError, match="LampLit version 1 cannot be upcast"):
        decode("LampLit", 1, {"lamp_id": "lamp-1"}, known=[LampLit])
    assert "LampLit" not in language.__wrapped__(), "asked anew, for what was known before is remembered"


@pytest.mark.usefixtures("own_words")
def test_a_message_says_what_it_is_about_and_has_a_name_of_its_own() -> None:
    with pytest.raises(TypeError, match="needs key="):
        type("LampLit", (Event,), {"__module__": __name__}, source="lamps")
    with pytest.raises(TypeError, match="StoreCreated is registered already"):
        type("StoreCreated", (StoreCreated,), {"__module__": __name__}, source="lamps", key="name")


def test_a_field_called_name_is_the_things_name_and_not_the_messages() -> None:
    store = StoreCreated(store_id="store-1", name="Corner Bakery", location="Floor 0", participating=True)
    assert (store.name, type(store).about.name) == ("Corner Bakery", "StoreCreated")
    with pytest.raises(AttributeError):
        _ = Reply.about.name
    with pytest.raises(AttributeError):
        _ = store.version  # type: ignore[attr-defined]  # that it is not there is what is tested


def test_a_rule_brings_what_a_consumer_registered_and_replays_for_it_alone() -> None:
    pattern = rule_pattern("search", [StoreCreated, ProductAdded, language()["OrderCreated"]])
    assert pattern == {
        "source": ["mallbots.ordering", "mallbots.stores"],
        "detail-type": ["OrderCreated", "ProductAdded", "StoreCreated"],
        "detail": {"to": [{"exists": False}, "search"]},
    }


def test_a_timer_has_no_rule_for_it_never_reaches_the_bus() -> None:
    pattern = rule_pattern("checkout", [language()["StepTimedOut"], language()["CustomerAuthorized"]])
    assert pattern["detail-type"] == ["CustomerAuthorized"]
    assert pattern["source"] == ["mallbots.customers"]


def test_a_rule_for_every_message_is_as_short_as_eventbridge_wants_it() -> None:
    # EventBridge takes 2,048 characters of pattern by default.
    assert len(json.dumps(rule_pattern("insights", MESSAGES))) <= 2048


def test_an_envelope_leaves_out_what_is_not_there_but_says_that_nothing_caused_it() -> None:
    sample = Metadata(**read(EVENTS / "samples" / "StoreCreated.v1.json")["metadata"])
    detail = Envelope(metadata=sample.model_copy(update={"causation_id": None}), data={}).detail()
    assert detail["metadata"]["causation_id"] is None
    assert not {"reply_to", "saga"} & detail["metadata"].keys()
    assert "to" not in detail
    assert Envelope.read(detail).detail() == detail
    assert Envelope.read(detail | {"to": "search"}).detail()["to"] == "search"


def test_commands_are_orders_to_the_services_that_the_saga_and_robots_need() -> None:
    commands = {message.about.name: message.about.to for message in MESSAGES if issubclass(message, Command)}
    assert commands == {
        "RejectOrder": "ordering",
        "AuthorizeCustomer": "customers",
        "CreateShoppingList": "depot",
        "CancelShoppingList": "depot",
        "ConfirmPayment": "payments",
        "VoidPayment": "payments",
        "ReportCollection": "depot",
        "InitiateShopping": "depot",
        "ApproveOrder": "ordering",
    }
