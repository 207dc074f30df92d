"""The differential suite on the simulated cloud: each case has AWS's documented result, or a listed difference."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.differential.case import Case
from tests.simulation.differential.differences import DIFFERENCES
from tests.simulation.differential.page import PAGE, page
from tests.simulation.differential.place import Place
from tests.simulation.differential.simulated import observe
from tests.simulation.differential.suite import SUITE, expected


@pytest.mark.parametrize("name", SUITE)
def test_a_case_has_the_result_of_aws_or_a_listed_difference_for_any_seed(name: str) -> None:
    simulated, _ = expected(name)

    assert [observe(SUITE[name], seed) for seed in (1, 2, 3)] == [simulated] * 3


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_listed_difference_differs_from_aws_and_cites_its_documentation(name: str) -> None:
    listed, gives = DIFFERENCES[name], SUITE[name].gives

    assert listed.is_simulated or listed.is_engine
    assert not (listed.is_simulated and listed.simulated == gives)
    assert not (listed.is_engine and listed.engine == gives)
    assert listed.documented.startswith(("https://docs.aws.amazon.com/", "https://github.com/aws/"))


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("put_item", {"Item": {}, "ReturnConsumedCapacity": "TOTAL"}),
        ("get_item", {"Key": {}, "ProjectionExpression": "a"}),
        ("query", {"KeyConditionExpression": "a = :a", "FilterExpression": "b = :b"}),
        ("scan", {"ProjectionExpression": "a"}),
    ],
)
def test_a_parameter_that_is_not_simulated_is_refused(operation: str, request_: dict[str, Any]) -> None:
    def do(place: Place) -> Any:
        with pytest.raises(ClientError, match="not simulated") as refused:
            getattr(place.dynamodb, operation)(TableName=place.rows(), **request_)
        return refused.value.response["Error"]["Code"]

    assert observe(Case("not simulated", do, None)) == "ValidationException"


def test_the_suite_has_at_least_sixty_cases() -> None:
    assert len(SUITE) >= 60


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "generate it again: .venv/bin/python -m tests.simulation.differential.page"
