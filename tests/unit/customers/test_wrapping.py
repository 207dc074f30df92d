"""The keys that wrap customers' keys: one a year, few calls of KMS, none that outlives KMS's key by five minutes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from functions.customers import keys, service, wrapping
from functions.customers.service import Personal
from functions.customers.wrapping import MissingKeyError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.keys import MemoryKms
from tests.support.runtime import CODE_KEY, memory_runtime
from tests.unit.customers.kiosk import Watch

ADA = ("Ada Reyes", "+1 555 0100")


class Containers:
    """Containers of customers' functions: they share tables and KMS, and nothing else."""

    def __init__(self, kms: MemoryKms) -> None:
        self.kms = kms
        self.store = MemoryEventStore()

    @contextmanager
    def another(self) -> Iterator[Runtime]:
        """Within the block, a container that has just started is at work."""
        with active(memory_runtime("customers", store=self.store, adapters=self.adapters())) as running:
            yield running

    def adapters(self) -> dict[str, Any]:
        return {"code_key": CODE_KEY, **self.kms.adapters}

    @property
    def calls(self) -> tuple[int, int]:
        """How often KMS made a key, and how often it decrypted one."""
        return self.kms.made, self.kms.decrypted


@pytest.fixture
def containers() -> Containers:
    return Containers(MemoryKms())


def registered(count: int) -> list[str]:
    return [service.register(f"Ada {n}", f"+1 555 01{n:02}") for n in range(count)]


def names(customer_ids: list[str]) -> list[str]:
    return [service.personal(service.customer(id)).name for id in customer_ids]


def test_registering_and_reading_cost_no_call_of_kms_a_customer(containers: Containers) -> None:
    with containers.another():
        many = registered(50)
        assert containers.calls == (1, 0)
        assert names(many) == [f"Ada {n}" for n in range(50)]
        assert service.names(many).keys() == set(many)
        assert containers.calls == (1, 0)
    with containers.another():
        assert names(many[:20]) == [f"Ada {n}" for n in range(20)]
        registered(20)
        assert containers.calls == (1, 1)


def test_a_wrapping_key_is_kept_for_five_minutes_from_when_it_was_decrypted_however_often_it_is_used(
    containers: Containers, watch: Watch
) -> None:
    with containers.another():
        [ada] = registered(1)
        for _ in range(5):
            watch.move(seconds=59)
            names([ada])
        assert containers.calls == (1, 0)
        watch.move(seconds=5)  # five minutes since it was made
        names([ada])
        assert containers.calls == (1, 1)
        watch.move(minutes=4, seconds=59)
        names([ada])
        assert containers.calls == (1, 1)


def test_nothing_opens_five_minutes_after_kms_decrypts_no_more(containers: Containers, watch: Watch) -> None:
    def refuse(encrypted: bytes, year: str) -> bytes:
        raise PermissionError("the key is disabled")

    with containers.another() as running:
        [ada] = registered(1)
        running.adapters["decrypt_data_key"] = refuse
        watch.move(minutes=4, seconds=59)
        assert names([ada]) == ["Ada 0"]
        watch.move(seconds=1)
        with pytest.raises(PermissionError):
            names([ada])


def wrapping_ids(containers: Containers) -> list[str]:
    return sorted(sort for partition, sort in containers.store.vault.rows if partition == "wrapping")


def test_two_containers_that_make_the_years_first_key_at_once_make_two_of_which_both_open(
    containers: Containers,
) -> None:
    others: list[str] = []
    make = containers.kms.make

    def make_after_another(year: str) -> tuple[bytes, bytes]:
        with containers.another():
            others.extend(registered(1))
        return make(year)

    with containers.another() as running:
        running.adapters["make_data_key"] = make_after_another
        mine = registered(1)
        assert names([*mine, *others]) == ["Ada 0", "Ada 0"]
    assert containers.calls == (2, 1)
    with containers.another():
        assert names([*mine, *others]) == ["Ada 0", "Ada 0"]
        assert wrapping.newest()[0] == wrapping_ids(containers)[-1]
    assert [id[:5] for id in wrapping_ids(containers)] == ["2026 ", "2026 "]


def test_a_new_year_has_a_new_key_and_customers_of_before_keep_theirs(containers: Containers, watch: Watch) -> None:
    with containers.another():
        [old] = registered(1)
        watch.now = datetime(2027, 1, 1, tzinfo=UTC)
        new = service.register("Eve Moss", "+1 555 0199")
        assert names([old, new]) == ["Ada 0", "Eve Moss"]
    wrapped_by = {place[0]: row["by"][:5] for place, row in containers.store.vault.rows.items() if "by" in row}
    assert wrapped_by == {f"customer {old}": "2026 ", f"customer {new}": "2027 "}
    assert containers.calls == (2, 1)  # that of before, which this container had kept for too long
    with containers.another():
        assert service.names([old, new]) == {old: "Ada 0", new: "Eve Moss"}
    assert containers.calls == (2, 3)


def test_the_year_is_that_of_utc_at_the_moment_of_registering(containers: Containers, watch: Watch) -> None:
    watch.now = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    with containers.another():
        assert wrapping.newest()[0].startswith("2026 ")
        watch.move(seconds=1)
        assert wrapping.newest()[0].startswith("2027 ")


def test_a_clock_that_is_behind_at_new_year_makes_no_key_for_the_year_before(
    containers: Containers, watch: Watch
) -> None:
    watch.now = datetime(2027, 1, 1, tzinfo=UTC)
    with containers.another():
        registered(1)
    watch.now = datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC)
    with containers.another():
        registered(1)
    assert [id[:5] for id in wrapping_ids(containers)] == ["2027 "]


def test_a_customer_whose_wrapping_key_is_gone_is_an_error_that_names_it_until_it_is_restored(
    containers: Containers,
) -> None:
    """Also once somebody else has registered, for whom another key is made in another place."""
    with containers.another():
        [ada] = registered(1)
    [id] = wrapping_ids(containers)
    lost = containers.store.vault.rows.pop(("wrapping", id))
    for _ in range(2):
        with containers.another(), pytest.raises(MissingKeyError, match=f"no wrapping key '{id}': restore it"):
            names([ada])
        with containers.another():
            [eve] = registered(1)
            assert service.names([ada, eve]) == {eve: "Ada 0"}
    with containers.another(), pytest.raises(MissingKeyError):
        service.erase(ada)
    containers.store.vault.rows["wrapping", id] = lost
    with containers.another():
        assert service.names([ada, eve]) == {ada: "Ada 0", eve: "Ada 0"}
        service.erase(ada)
    assert [place for place in containers.store.vault.rows if place[1].endswith(ada)] == []


def test_a_wrapping_key_of_another_year_or_of_another_kms_key_does_not_decrypt(containers: Containers) -> None:
    with containers.another():
        registered(1)
    rows, [id] = containers.store.vault.rows, wrapping_ids(containers)
    rows["wrapping", "2027 x"] = rows["wrapping", id]
    with containers.another(), pytest.raises(ValueError, match="another context"):
        wrapping.of("2027 x")
    containers.kms = MemoryKms(bytes(32))
    with containers.another(), pytest.raises(ValueError, match="another context"):
        wrapping.of(id)


def test_the_vault_holds_wrapping_keys_as_kms_encrypted_them(containers: Containers) -> None:
    with containers.another():
        registered(1)
        _, key = wrapping.newest()
        [customer_key] = [keys.find(place[0].split()[1]) for place in containers.store.vault.rows if place[1] == "key"]
    assert customer_key
    text = str(containers.store.vault.rows)
    for secret in (key, customer_key.secret):
        assert [form for form in (str(secret), secret.hex()) if form in text] == []


# By KMS, faked in this process


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The ARN of a key that the function's environment names."""
    with mock_aws():
        arn: str = boto3.client("kms", region_name="eu-central-1").create_key()["KeyMetadata"]["Arn"]
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        monkeypatch.setenv("PERSONAL_DATA_KEY", arn)
        yield arn


def deployed() -> Runtime:
    """The service with its own adapters of KMS."""
    return memory_runtime("customers", adapters={"code_key": CODE_KEY})


def test_the_adapters_use_kms_and_what_they_sealed_opens(kms: str) -> None:
    with active(deployed()) as running:
        ada = service.register(*ADA)
        running.adapters.pop("wrapping_keys")
        assert service.personal(service.customer(ada)) == Personal(*ADA)


@pytest.mark.parametrize("change", [lambda year: "2027", lambda year: ""], ids=["another year", "no year"])
def test_kms_decrypts_a_key_for_its_own_year_alone(kms: str, change: Callable[[str], str]) -> None:
    with active(deployed()):
        key, encrypted = wrapping.make_data_key()("2026")
        assert len(key) == 32
        assert key not in encrypted
        assert wrapping.decrypt_data_key()(encrypted, "2026") == key
        with pytest.raises(ClientError, match="InvalidCiphertext"):
            wrapping.decrypt_data_key()(encrypted, change("2026"))


def test_kms_decrypts_by_the_stages_own_key_alone(kms: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with active(deployed()):
        _, encrypted = wrapping.make_data_key()("2026")
        another = boto3.client("kms", region_name="eu-central-1").create_key()["KeyMetadata"]["Arn"]
        monkeypatch.setenv("PERSONAL_DATA_KEY", another)
        with pytest.raises(ClientError):
            wrapping.decrypt_data_key()(encrypted, "2026")
