"""The differential suite on the simulated cloud: each case is seen as AWS documents it, or its difference is listed."""

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
def test_a_case_is_seen_as_in_aws_or_its_difference_is_listed_whatever_the_seed(name: str) -> None:
    simulated, _ = expected(name)

    assert [observe(SUITE[name], seed) for seed in (1, 2, 3)] == [simulated] * 3


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_listed_difference_is_one_of_a_case_and_judged_by_what_aws_says(name: str) -> None:
    listed, gives = DIFFERENCES[name], SUITE[name].gives

    assert listed.is_simulated or listed.is_engine
    assert not (listed.is_simulated and listed.simulated == gives)
    assert not (listed.is_engine and listed.engine == gives)
    assert listed.documented.startswith(("https://docs.aws.amazon.com/", "https://github.com/aws/"))


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("put_item", {"Item": {}, "ReturnValues": "ALL_OLD"}),
        ("get_item", {"Key": {}, "ProjectionExpression": "a"}),
        ("query", {"KeyConditionExpression": "a = :a", "FilterExpression": "b = :b"}),
        ("scan", {"ProjectionExpression": "a"}),
    ],
)
def test_what_is_not_simulated_of_a_request_is_refused_and_not_overlooked(
    operation: str, request_: dict[str, Any]
) -> None:
    def do(place: Place) -> Any:
        with pytest.raises(ClientError, match="not simulated") as refused:
            getattr(place.dynamodb, operation)(TableName=place.rows(), **request_)
        return refused.value.response["Error"]["Code"]

    assert observe(Case("not simulated", do, None)) == "ValidationException"


def test_the_suite_has_at_least_sixty_cases() -> None:
    assert len(SUITE) >= 60


def test_the_page_says_what_is_compared_and_where_they_differ() -> None:
    assert PAGE.read_text() == page(), "write it again: .venv/bin/python -m tests.simulation.differential.page"
