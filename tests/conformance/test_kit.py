"""The conformance kit: every case holds for our robot and our gateway, and every planted fault is found by its name."""

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from events.floor.plan import plan
from events.vda5050.collecting import MOST_ACTIONS, MOST_BYTES, PRODUCT_ID, QUANTITY, STORE_ID
from events.vda5050.text import to_bytes
from functions.fleet.orders import drop_id, line_of
from tests.conformance.__main__ import FAULTS, OURS, main
from tests.conformance.by_hand import BY_HAND
from tests.conformance.faulty.faults import Fault
from tests.conformance.gateway import PlayedGateway
from tests.conformance.kit import Case, Cases, FailedError, Outcome, UnavailableError, tried
from tests.conformance.largest import longest_list
from tests.conformance.largest import needs as needs_of_the_mall
from tests.conformance.largest import order as longest_order
from tests.conformance.links import MachineLink
from tests.conformance.sdk import translator

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
CASES = [(cases.known[name], bench) for cases, bench in OURS for name in cases.known]


@pytest.mark.parametrize(("case", "bench"), CASES, ids=[case.name for case, _ in CASES])
def test_the_requirement_is_met(case: Case[Any], bench: Callable[[], Any]):
    result = tried(case, bench)
    assert (result.outcome, result.why) == (Outcome.PASSED, "")


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize(
    ("cases", "fault"),
    [pytest.param(cases, fault, id=fault.name) for cases, faults in FAULTS for fault in faults],
)
def test_the_fault_is_found(cases: Cases[Any], fault: Fault):
    why = fault.why(cases)
    assert fault.is_told_by(why), f"its case does not fail, or for another reason than {fault.words!r}: {why}"
    assert not re.fullmatch(r"\w+\(.*\) at \w+", why, re.DOTALL), "the kit fell over it, which tells no maker anything"


def test_a_fault_whose_case_fails_for_another_reason_is_not_found():
    cases, faults = FAULTS[0]
    one = next(each for each in faults if each.name == "finishes every cancel")
    assert not replace(one, words="it is not idle").is_told_by(one.why(cases))
    assert not one.is_told_by("")


def test_there_are_enough_of_each():
    assert len(CASES) >= 200
    assert all(len(faults) >= 20 for _, faults in FAULTS)
    names = [case.name for case, _ in CASES]
    assert len(set(names)) == len(names)
    assert len({fault.name for _, faults in FAULTS for fault in faults}) == sum(len(faults) for _, faults in FAULTS)


def test_the_page_counts_and_names_the_cases_as_they_are():
    page = PAGE.read_text()
    counted = [int(number) for number in re.findall(r"^\| our .*? \| (\d+) \|", page, re.MULTILINE)]
    assert counted == [len(cases.known) for cases, _ in OURS]
    robots, gateways = (len(faults) for _, faults in FAULTS)
    assert f"{robots} faulty robots and {gateways} faulty gateways" in page
    assert f"{len(BY_HAND)} cases need a hand at the robot" in page
    assert f"in between: {len(Path(translator.__file__).read_text().splitlines())} lines" in page
    named = {
        name for line in page.splitlines() if "Kit: " in line for name in re.findall(r"`(\w+)`", line.split("Kit: ")[1])
    }
    assert named <= {case.name for case, _ in CASES}
    assert len(named) > 30


def test_the_page_tells_how_each_case_is_tried_by_hand():
    robots, _ = OURS[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)
    assert {name: (steps, expected) for name, steps, expected in rows} == BY_HAND
    assert set(BY_HAND) <= set(robots.known)


def test_the_kits_orders_have_ids_of_the_malls_form():
    order = PlayedGateway(MachineLink()).trip()
    for action in order.actions()[:-1]:
        line = line_of(order.order_id, action.action_id)
        assert line
        wanted = [action.parameter(key) for key in (STORE_ID, PRODUCT_ID, QUANTITY)]
        assert [line.store_id, line.product_id, line.quantity] == wanted
    assert order.actions()[-1].action_id == drop_id(order.order_id)


def test_a_robot_needs_room_for_the_longest_order_that_the_gateway_makes():
    needs = needs_of_the_mall()
    order = longest_order(longest_list(), "parking-1", "7b0f1e62-4e55-4a51-8a55-6bd1a2d9dd7c", str(uuid.uuid4()))
    assert len(order.actions()) == needs.actions == MOST_ACTIONS + 1
    assert needs.nodes >= len(order.nodes) > len(plan().stores)
    assert needs.edges == needs.nodes - 1
    assert needs.id_length >= max(len(action.action_id) for action in order.actions()) > 100
    assert MOST_BYTES >= needs.message_length >= len(to_bytes(order))


def test_an_error_of_the_other_end_is_a_failure_and_what_cannot_be_tried_is_left_out():
    def outcome_of(error: Exception) -> Outcome:
        def attempt(_: object) -> None:
            raise error

        return tried(Case("case", "0", "requirement", attempt), object).outcome

    assert outcome_of(FailedError("no")) is Outcome.FAILED
    assert outcome_of(KeyError("node")) is Outcome.FAILED
    assert outcome_of(UnavailableError("no")) is Outcome.LEFT_OUT


def test_a_case_needs_a_requirement_and_a_name_of_its_own():
    cases: Cases[PlayedGateway] = Cases("robot", {})
    with pytest.raises(TypeError, match="needs a docstring"):
        cases("1")(lambda _: None)


def test_the_command_ends_with_json_and_tells_by_its_exit_code(capsys: pytest.CaptureFixture[str]):
    assert main(["--case", "6.1.3.2"]) == 0
    told = capsys.readouterr().out
    counts = json.loads(told.splitlines()[-1])
    assert counts["cases"] == counts["passed"] > 2
    assert "found by has_no_order_to_cancel" not in told
    assert main(["--case", "has_no_order_to_cancel"]) == 0
    assert "finishes every cancel: found by has_no_order_to_cancel" in capsys.readouterr().out
    assert main(["--case", "no such case"]) == 1


def test_the_command_lists_the_cases(capsys: pytest.CaptureFixture[str]):
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CASES)
