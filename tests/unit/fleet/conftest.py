"""The robots' gateway in memory, with the broker and the registry of certificates in this process."""

from collections.abc import Iterator

import pytest

from functions.fleet.identities import IotIdentities
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.iot import FakeIot
from tests.support.runtime import memory_runtime
from tests.unit.fleet.gateway import Gateway


@pytest.fixture
def iot() -> FakeIot:
    return FakeIot()


@pytest.fixture
def identities(iot: FakeIot) -> IotIdentities:
    return IotIdentities(iot, "robots", iot)  # type: ignore[arg-type]  # as far as it is needed


@pytest.fixture
def running(identities: IotIdentities) -> Iterator[Runtime]:
    runtime = memory_runtime("fleet")
    runtime.adapters |= {"identities": identities, "revocation": identities, "authorities": "a root of trust"}
    with active(runtime):
        yield runtime


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway().open() as made:
        yield made
