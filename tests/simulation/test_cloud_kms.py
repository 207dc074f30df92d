"""The simulated KMS, and tables that are restored."""

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.simulation.backups import Backups
from tests.simulation.harness import FakeCaller, a_views_table, a_world, run_task
from tests.simulation.kms import Kms, KmsClient
from tests.simulation.outages import DISABLED, KMS
from tests.simulation.sdk import Wire, World


def a_kms_client(world: World) -> KmsClient:
    return KmsClient(Kms(world), world, Wire(world, FakeCaller(), "kms"), "caller")


def test_a_data_key_is_decrypted_under_its_context_alone() -> None:
    world = a_world()
    adapters = a_kms_client(world).adapters
    key, encrypted = run_task(world, lambda: adapters["make_data_key"]("2026"))
    assert run_task(world, lambda: adapters["decrypt_data_key"](encrypted, "2026")) == key
    with pytest.raises(ClientError, match="InvalidCiphertextException"):
        run_task(world, lambda: adapters["decrypt_data_key"](encrypted, "2027"))


def test_data_keys_differ_and_are_those_of_the_seed() -> None:
    made = []
    for _ in range(2):
        world = a_world()
        make = a_kms_client(world).adapters["make_data_key"]
        made.append([run_task(world, lambda: make("2026"))[0] for _ in range(2)])  # noqa: B023  (called at once)
    assert made[0] == made[1]
    assert made[0][0] != made[0][1]
    assert {len(key) for key in made[0]} == {32}


def test_a_disabled_key_is_refused_until_it_is_enabled() -> None:
    world = a_world()
    adapters = a_kms_client(world).adapters
    _, encrypted = run_task(world, lambda: adapters["make_data_key"]("2026"))
    world.away[DISABLED] = "error"
    with pytest.raises(ClientError, match="DisabledException"):
        run_task(world, lambda: adapters["decrypt_data_key"](encrypted, "2026"))
    del world.away[DISABLED]
    assert run_task(world, lambda: adapters["decrypt_data_key"](encrypted, "2026"))


def test_kms_that_is_away_throttles_or_does_not_answer() -> None:
    world = a_world()
    make = a_kms_client(world).adapters["make_data_key"]
    world.away[KMS] = "throttled"
    with pytest.raises(ClientError, match="ThrottlingException"):
        run_task(world, lambda: make("2026"))
    world.away[KMS] = "silent"
    with pytest.raises(ReadTimeoutError):
        run_task(world, lambda: make("2026"))


def test_calls_of_kms_are_counted() -> None:
    world = a_world()
    world.cost.counting = True
    run_task(world, lambda: a_kms_client(world).adapters["make_data_key"]("2026"))
    assert world.cost.take() == {"kms_requests": 1}


def test_a_restored_table_has_what_was_there_at_a_moment() -> None:
    backups, world = Backups(), a_world()
    table = a_views_table(world).tables["jars/views"]
    for at, sort, text in ((1, "a", "old"), (2, "a", "new"), (3, "b", "late")):
        item = {**table.key_item(("jars", sort)), "data": {"S": text}, "by_place_partition": {"S": "p"}}
        backups.written(at, table.name, ("jars", sort), {**item, "by_place_sort": {"S": sort}})
        table.write(("jars", sort), {**item, "by_place_sort": {"S": sort}}, "caller")
    backups.written(4, table.name, ("jars", "a"), {})
    backups.restore(table, 1)
    assert {key: item["data"]["S"] for key, item in table.items.items()} == {("jars", "a"): "old"}
    assert list(table.sorts("jars")) == ["a"]
    table.indexes["by_place"].catch_up(world.scheduler.now_us)
    assert table.indexes["by_place"].entries("p") == [("a", "jars", "a")]
    assert backups.as_of(table.name, 4).keys() == {("jars", "b")}
