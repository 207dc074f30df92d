"""The fuzzer on the deployed system. It runs last, since it leaves arbitrary data behind."""

import pytest

from functions.kernel.runtime import clock
from infra.local.show import wait_until_idle
from infra.operate.dead_letters import dead_letters
from tests.e2e.conftest import Deployed
from tests.fuzz.deployed import SHORT, fuzz_deployed
from tests.fuzz.fuzzer import Report, left_out


@pytest.fixture(scope="module")
def began() -> str:
    return clock.stamp()


@pytest.fixture(scope="module")
def reports(began: str, deployed: Deployed) -> list[Report]:
    return fuzz_deployed(deployed.cloud, deployed.people, SHORT)


def test_every_answer_conforms_to_the_document_for_every_role(
    reports: list[Report], capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\nFuzzed by seed {SHORT.seed} (repeat with: make fuzz MINUTES=0 SEED={SHORT.seed})")
        for report in reports:
            print("\n".join([*report.table(), str(report.summary())]))
    failures = [failure for report in reports for failure in report.failures]
    assert failures == [], "\n".join(map(str, failures))


def test_no_operation_is_left_out(reports: list[Report]) -> None:
    assert left_out(reports) == []


def test_links_are_followed(reports: list[Report]) -> None:
    assert reports[-1].links > 0


def test_no_message_is_dead_lettered(reports: list[Report], began: str, deployed: Deployed) -> None:
    """Letters of before are not counted: the fuzzer may reopen them, for it is an operator too."""
    assert wait_until_idle(deployed.cloud) == {}
    assert [letter for letter in dead_letters(deployed.cloud) if letter.failed_at >= began] == []
