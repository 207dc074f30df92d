"""Personal data on the deployed system: names and numbers are with their owner, sealed, and forgotten once erased.

What is held is searched as the simulation does (tests/simulation/check/canaries.py), compressed and encoded things
unpacked first. Texts that were sent are the carrier's.
"""

import base64
import io
import json
import time
import uuid
import zipfile
import zlib
from collections.abc import Iterator

import pytest

from clients.credential import Credential
from infra.local.cloud import LocalCloud
from tests.e2e.conftest import Deployed
from tests.e2e.held import Held, held, items, saved
from tests.e2e.leavers import Person, Scene, a_scene
from tests.simulation.check.canaries import Texts, core, texts_in
from tests.simulation.check.sealed import Sealed, customer_keys, place, sealed_in, wrongly_wrapped
from tests.simulation.workload.canaries import name_of

ERASED = ("who is erased before", "who is erased during", "who is erased after")
PLANTED = name_of("planted in a deployment")


@pytest.fixture(scope="module")
def scene(deployed: Deployed) -> Scene:
    return a_scene(deployed)


def found(scene: Scene, things: Held) -> dict[str, set[str]]:
    """Where each name and number is, and the digest of each that was made without a key."""
    texts: dict[str, dict[str, str]] = {}  # by place, so that a text in one hides none in another
    for where, value in things:
        texts.setdefault(where, {}).update((text, where) for text in texts_in(value))
    canaries, places = scene.canaries, dict[str, set[str]]()
    for held_there in map(Texts, texts.values()):
        for where, canary in [*canaries.found(held_there), *canaries.found_digests(held_there)]:
            places.setdefault(canary, set()).add(where)
    return places


def keys_of(deployed: Deployed) -> tuple[dict[str, set[bytes]], set[bytes]]:
    """The keys of customers, and those that wrap them, as an administrator gets them of the vault and KMS."""
    rows = {(item["partition"]["S"], item["sort"]["S"]): item for item in items(deployed.cloud, vault(deployed))}
    kms, wrapping = deployed.client("kms"), dict[str, bytes]()
    for (partition, id), item in rows.items():
        if partition == "wrapping":
            encrypted = base64.b64decode(json.loads(item["data"]["S"])["key"])
            context = {"mallbots": "wraps customers' keys", "year": id.partition(" ")[0]}
            wrapping[id] = kms.decrypt(CiphertextBlob=encrypted, EncryptionContext=context)["Plaintext"]
    assert wrapping
    assert list(wrongly_wrapped(rows, wrapping)) == []
    return customer_keys(rows, wrapping), set(wrapping.values())


def vault(deployed: Deployed) -> str:
    return deployed.output("customers", "VaultTable")


def sealed_of(deployed: Deployed, person: Person) -> set[Sealed]:
    """What is sealed in the events of a customer, and in their snapshots."""
    stream = f"Customer#{person.id}"
    commits = [item for item in items(deployed.cloud, events_of(deployed)) if item["stream"]["S"] == stream]
    return {one for commit in commits for text in texts_in(commit) for one in sealed_in(text)}


def events_of(deployed: Deployed) -> str:
    return deployed.output("customers", "EventsTable")


def test_no_table_stream_queue_log_bucket_or_parameter_holds_a_name_or_a_number(scene: Scene) -> None:
    assert found(scene, held(scene.deployed.cloud)) == {}


def test_only_events_of_customers_hold_what_is_sealed(scene: Scene) -> None:
    events = events_of(scene.deployed)
    sealed = {w for w, value in held(scene.deployed.cloud) for text in texts_in(value) if any(sealed_in(text))}
    assert sealed == {f"the table {events}", f"the stream of {events}"}


def test_what_is_sealed_of_a_customer_who_stays_opens_by_the_own_key_alone(scene: Scene) -> None:
    person = scene.people["who stays"]
    keys, wrapping = keys_of(scene.deployed)
    sealed, own = sealed_of(scene.deployed, person), keys[person.id]
    others = set().union(*(found for id, found in keys.items() if id != person.id), wrapping)

    opened = {one.opened_by_any(own, person.id) for one in sealed}
    assert opened == {person.name, *person.numbers}
    assert {one.opened_by_any(others, person.id) for one in sealed} == {None}


@pytest.mark.parametrize("whose", ERASED)
def test_nothing_that_was_sealed_of_an_erased_customer_opens(scene: Scene, whose: str) -> None:
    person = scene.people[whose]
    keys, wrapping = keys_of(scene.deployed)
    sealed = sealed_of(scene.deployed, person)

    assert len({one.event for one in sealed}) == len(person.numbers)
    assert person.id not in keys
    assert {one.opened_by_any(wrapping.union(*keys.values()), person.id) for one in sealed} == {None}


@pytest.mark.parametrize("whose", ERASED)
def test_an_erasure_leaves_a_tombstone_and_an_entry_in_the_ledger_and_no_phone(scene: Scene, whose: str) -> None:
    deployed, id = scene.deployed, scene.people[whose].id
    rows = {(item["partition"]["S"], item["sort"]["S"]): item for item in items(deployed.cloud, vault(deployed))}
    ledger = [item["partition"]["S"] for item in items(deployed.cloud, deployed.output("customers", "ErasuresTable"))]

    assert set(json.loads(rows[f"customer {id}", "key"]["data"]["S"])) == {"erased"}
    assert [sort for partition, sort in rows if partition.startswith("phone ") and id in sort] == []
    assert ledger.count(id) == 1


def test_a_value_that_is_moved_to_another_place_does_not_open(scene: Scene) -> None:
    person = scene.people["who stays"]
    [key] = keys_of(scene.deployed)[0][person.id]
    first = next(one for one in sealed_of(scene.deployed, person) if one.event == 1)

    assert {first.opened(key, place(person.id, 1, field)) for field in ("name", "sms_number")} - {None}
    assert first.opened(key, place(scene.people[ERASED[0]].id, 1, "name")) is None
    assert first.opened(key, place(person.id, 2, "sms_number")) is None


@pytest.mark.parametrize("whose", ERASED)
def test_nobody_is_told_of_an_erased_customer(scene: Scene, whose: str) -> None:
    mall, person = scene.deployed.mall, scene.people[whose]
    told = mall.pages(f"/api/customers/{person.id}/data", "held")
    orders = mall.post("/api/search/orders", {"filters": {"customerId": person.id}})["orders"]

    assert mall.send("GET", f"/api/customers/{person.id}").status_code == 404
    assert [order["orderId"] for order in orders] == [person.order.id]
    cores = {core(text) for text in texts_in([told, orders])}
    assert cores == {""}
    [profile] = [one["data"] for one in told if one["kind"] == "profile"]
    assert (profile["name"], profile["smsNumber"]) == ("forgotten", "forgotten")
    assert "customerName" not in orders[0]


@pytest.mark.parametrize("whose", ERASED)
def test_the_session_of_an_erased_customer_has_ended(scene: Scene, whose: str) -> None:
    """Of a token that the gateway has not seen: what it has seen it admits for 60 s."""
    acting = scene.deployed.mall.acting(Credential(scene.people[whose].unused))
    assert acting.send("GET", "/api/stores").status_code == 401


@pytest.mark.parametrize("whose", ERASED)
def test_an_erased_customer_gets_no_more_texts(scene: Scene, whose: str) -> None:
    person = scene.people[whose]
    assert scene.texts_to(*person.numbers) == person.texts


def test_of_a_customer_who_stays_staff_are_told_all(scene: Scene) -> None:
    mall, person = scene.deployed.mall, scene.people["who stays"]
    told = mall.pages(f"/api/customers/{person.id}/data", "held")
    [order] = mall.post("/api/search/orders", {"filters": {"customerId": person.id}})["orders"]

    assert order["customerName"] == person.name
    assert {core(text) for text in texts_in(told)} - {""} == {core(text) for text in (person.name, *person.numbers)}
    assert {one["kind"] for one in told} == {"profile", "change", "code", "order", "basket", "payment", "text"}


def test_no_message_in_flight_and_no_archive_holds_a_name_or_a_number(scene: Scene) -> None:
    files = dict(saved(scene.deployed.cloud))
    archived = [scene.people[whose].id for whose in ERASED]
    assert all(id in files["the engine's eventbridge.json"] for id in archived), "the archive is not searched"
    assert found(scene, iter(files.items())) == {}


@pytest.fixture
def planted(deployed: Deployed) -> Iterator[set[str]]:
    """A name in each kind of place, packed as the system packs; the beginnings of where each is found."""
    cloud, text = deployed.cloud, json.dumps({"name": PLANTED})
    packed = zlib.compress(text.encode())
    plants = (
        _in_a_table(cloud, deployed.output("search", "ViewsTable"), packed),
        _in_a_queue(cloud, deployed.output("ordering", "InboxDeadLetters"), base64.b64encode(packed).decode()),
        _in_a_log(cloud, text),
        _in_a_bucket(cloud, text),
        _in_a_parameter(cloud, text),
    )
    places = {next(plant) for plant in plants}
    yield places
    for plant in plants:
        assert next(plant, None) is None


def _in_a_table(cloud: LocalCloud, table: str, packed: bytes) -> Iterator[str]:
    client, key = cloud.client("dynamodb"), {"partition": {"S": "control"}, "sort": {"S": "control"}}
    client.put_item(TableName=table, Item={**key, "data": {"B": packed}})
    yield "the table "
    client.delete_item(TableName=table, Key=key)


def _in_a_queue(cloud: LocalCloud, url: str, text: str) -> Iterator[str]:
    """Operations is not run meanwhile: it would store what is there as a letter."""
    collects = {"Name": "mallbots-local-operations-collector"}
    cloud.client("events").disable_rule(**collects)
    cloud.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps({"body": text}))
    yield "the queue "
    cloud.client("sqs").purge_queue(QueueUrl=url)
    cloud.client("events").enable_rule(**collects)


def _in_a_log(cloud: LocalCloud, text: str) -> Iterator[str]:
    client, group = cloud.client("logs"), f"control-{uuid.uuid4()}"
    client.create_log_group(logGroupName=group)
    client.create_log_stream(logGroupName=group, logStreamName="control")
    event = {"timestamp": round(1_000 * time.time()), "message": text}
    client.put_log_events(logGroupName=group, logStreamName="control", logEvents=[event])
    yield "the log "
    client.delete_log_group(logGroupName=group)


def _in_a_bucket(cloud: LocalCloud, text: str) -> Iterator[str]:
    client, content = cloud.client("s3"), io.BytesIO()
    bucket = client.list_buckets()["Buckets"][0]["Name"]
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("control.json", text)
    client.put_object(Bucket=bucket, Key="control.zip", Body=content.getvalue())
    yield "the bucket "
    client.delete_object(Bucket=bucket, Key="control.zip")


def _in_a_parameter(cloud: LocalCloud, text: str) -> Iterator[str]:
    cloud.client("ssm").put_parameter(Name="/control", Value=text, Type="SecureString")
    yield "the parameter "
    cloud.client("ssm").delete_parameter(Name="/control")


def test_a_name_that_is_planted_is_found_wherever_it_is(scene: Scene, planted: set[str]) -> None:
    places = found(scene, held(scene.deployed.cloud))
    assert set(places) == {core(PLANTED)}
    assert {kind for kind in planted if any(where.startswith(kind) for where in places[core(PLANTED)])} == planted
    files = found(scene, saved(scene.deployed.cloud))
    assert {"the engine's dynamodb.json", "the engine's sqs.json"} <= files[core(PLANTED)]
