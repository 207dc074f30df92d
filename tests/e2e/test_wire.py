"""The fuzzer on the deployed system. It runs last, since it leaves arbitrary data behind."""

import pytest

from infra.local.show import wait_until_idle
from infra.operate.dead_letters import dead_letters
from tests.e2e.conftest import Deployed
from tests.fuzz.deployed import SHORT, fuzz_deployed
from tests.fuzz.fuzzer import Report


@pytest.fixture(scope="module")
def report(deployed: Deployed) -> Report:
    return fuzz_deployed(deployed.address, SHORT)


def test_every_answer_conforms_to_the_document(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nFuzzed by seed {SHORT.seed} (repeat with: make fuzz MINUTES=0 SEED={SHORT.seed})")
        print("\n".join(report.table()))
        print(report.summary())
    assert report.failures == [], "\n".join(map(str, report.failures))


def test_no_operation_is_left_out(report: Report) -> None:
    assert report.neglected() == []


def test_links_are_followed(report: Report) -> None:
    assert report.links > 0


def test_no_message_is_dead_lettered(report: Report, deployed: Deployed) -> None:
    assert wait_until_idle(deployed.cloud) == {}
    assert dead_letters(deployed.cloud) == []
