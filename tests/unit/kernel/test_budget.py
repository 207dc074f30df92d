"""How long calls and functions take: every function ends by itself, however many calls hang."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget, clock
from infra.queues import FUNCTION_TIMEOUT
from infra.service import API_TIMEOUT, QUERIES_TIMEOUT
from tests.support import aws

FUNCTIONS = {"api": API_TIMEOUT, "queries": QUERIES_TIMEOUT, "worker": FUNCTION_TIMEOUT, "relay": FUNCTION_TIMEOUT}


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with aws.local_aws():
        yield budget.guard(boto3.client("dynamodb", region_name=aws.REGION, config=budget.config()))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_try_that_begins_as_late_as_it_may_and_hangs_leaves_time_to_report_it(dynamodb: Any, function: str) -> None:
    left = float(FUNCTIONS[function])
    sent = 0

    def hang(**_: Any) -> None:
        nonlocal left, sent
        left, sent = left - budget.TRY, sent + 1
        raise ReadTimeoutError(endpoint_url="https://a.table")

    dynamodb.meta.events.register_last("before-send", hang)
    with budget.limited(lambda: left):
        for _ in range(10):
            with pytest.raises((UnavailableError, ReadTimeoutError)):
                dynamodb.list_tables()
    assert sent == (FUNCTIONS[function] - budget.RESERVE) // budget.TRY
    assert left >= budget.RESERVE


@pytest.mark.parametrize(("connect", "read"), [(1, 1), (1, 2), (1, 6), (2, 24)])
def test_a_try_begins_only_with_time_for_what_its_own_client_waits(connect: int, read: int) -> None:
    with aws.local_aws():
        config = Config(connect_timeout=connect, read_timeout=read)
        waiting = budget.guard(boto3.client("dynamodb", region_name=aws.REGION, config=config))
        needed = connect + read + budget.RESERVE
        with budget.limited(lambda: needed - 0.1), pytest.raises(UnavailableError, match="no time left"):
            waiting.list_tables()
        with budget.limited(lambda: needed):
            assert waiting.list_tables()["TableNames"] == []


def test_what_is_not_limited_has_time_without_end(dynamodb: Any) -> None:
    budget.check()
    assert dynamodb.list_tables()["TableNames"] == []


@pytest.mark.parametrize(("outer", "elapsed", "left"), [(10, 0, 5), (10, 4, 1), (3, 0, 3), (3, 2, 1)])
def test_within_a_limit_no_more_is_left_than_it_says_nor_than_the_function_has(
    outer: float, elapsed: float, left: float
) -> None:
    now = datetime(2026, 3, 14, 9, tzinfo=UTC)
    passed = 0.0
    with clock.fixed(lambda: now + timedelta(seconds=passed)), budget.limited(lambda: outer - passed):
        with budget.at_most(5):
            passed = elapsed
            assert budget.left() == left
        assert budget.left() == outer - elapsed


def test_a_limit_holds_where_the_function_has_time_without_end() -> None:
    with clock.fixed(lambda: datetime(2026, 3, 14, 9, tzinfo=UTC)), budget.at_most(5):
        assert budget.left() == 5


@pytest.mark.parametrize("function", ["api", "worker", "relay"])
def test_a_call_of_which_each_try_hangs_fits_into_its_function(function: str) -> None:
    assert FUNCTIONS[function] >= budget.CALL + budget.RESERVE


def test_a_message_that_is_begun_last_has_time_for_a_call_of_which_each_try_hangs() -> None:
    assert budget.CALL + budget.RESERVE <= budget.MESSAGE <= FUNCTION_TIMEOUT / 2


def test_the_client_of_each_kind_tries_as_often_as_its_budget_says() -> None:
    config = budget.config()
    assert config.retries == {"mode": "standard", "total_max_attempts": budget.TRIES}
    assert (config.connect_timeout, config.read_timeout) == (budget.CONNECT, budget.READ)
