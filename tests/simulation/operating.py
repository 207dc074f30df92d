"""The simulated cloud as the operator's commands see it (infra/operate)."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.cloud import OPERATOR, Cloud
from tests.simulation.containers import BEGIN
from tests.simulation.dynamodb import DynamoDBClient
from tests.simulation.sdk import Wire


def now(cloud: Cloud) -> datetime:
    """The time, as a clock that is right tells it."""
    return BEGIN + timedelta(microseconds=cloud.scheduler.now_us)


class Operator:
    """Who calls: nobody kills it, and its clock is right."""

    name = OPERATOR
    lineage: Mapping[str, int] = {}

    def kill(self) -> None:
        """Not this one."""

    def shift_clock(self, by_us: int) -> None:
        """Not this one's."""


class OperatorsDynamoDB(DynamoDBClient):
    """DynamoDB's client with its paginator of Scan."""

    def get_paginator(self, operation: str) -> "OperatorsDynamoDB":
        """The client itself, which pages."""
        assert operation == "scan", f"{operation} is not simulated"
        return self

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        """All pages of a Scan."""
        while True:
            page = self.scan(**request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


class Operating:
    """A deployment's clients, for commands that run inside a task and are told the names of their tables."""

    def __init__(self, cloud: Cloud) -> None:
        wire = Wire(cloud.world, Operator(), "dynamodb")
        self._dynamodb = OperatorsDynamoDB(cloud.dynamodb, wire, OPERATOR)

    def client(self, service: str, **config: Any) -> Any:
        """The client of DynamoDB."""
        assert service == "dynamodb", f"{service} is not simulated for operators"
        return self._dynamodb

    def outputs(self) -> Mapping[str, Mapping[str, str]]:
        """None: stacks are not simulated."""
        return {}
