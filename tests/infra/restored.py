"""A service of jars whose table is restored, for the tests of `make restore-epoch`."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.kernel.eventstore.epochs import STREAM
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime import clock, runtime
from infra.operate import restore_epoch
from infra.operate.__main__ import parser
from tests.support import aws
from tests.support.jars import Jar, jars
from tests.support.runtime import memory_runtime

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Stopped(Exception):  # noqa: N818  (no error)
    """The command was stopped."""


class Place:
    """A service of jars on a table that can be copied; a copy may take the place of the one that serves."""

    def __init__(self) -> None:
        self.now = NOON
        self.dynamodb = aws.client("dynamodb")
        self.serving = aws.event_table(self.dynamodb)
        self.is_deployed = True

    def client(self, service: str, **config: Any) -> Any:
        assert service == "dynamodb"
        return self.dynamodb

    def outputs(self) -> dict[str, Mapping[str, str]]:
        stack = {"mallbots-prod-jars": {"EventsTable": self.serving}} if self.is_deployed else {}
        return {"mallbots-prod-stores": {"EventsTable": "another"}, **stack}

    def backup(self, name: str = "") -> str:
        """A copy of the table as of now, maybe of this name."""
        copied = self._named(name) if name else aws.event_table(self.dynamodb)
        for item in aws.items(self.dynamodb, self.serving):
            self.dynamodb.put_item(TableName=copied, Item=item)
        return copied

    def _named(self, name: str) -> str:
        like = self.dynamodb.describe_table(TableName=self.serving)["Table"]
        same = {part: like[part] for part in ("KeySchema", "AttributeDefinitions")}
        self.dynamodb.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **same)
        return name

    def fill(self, id: str, coins: int = 1) -> Jar:
        self.now += timedelta(seconds=1)
        with runtime.active(memory_runtime("jars", store=DynamoEventStore(self.dynamodb, self.serving))):
            return jars.create(id, lambda jar: jar.fill(coins))

    def keys(self) -> set[tuple[str, int]]:
        """The commits that serve."""
        return set(self.items())

    def items(self, table: str = "") -> dict[tuple[str, int], dict[str, Any]]:
        """What a table holds beside epochs, by stream and version; by default, the one that serves."""
        found = aws.items(self.dynamodb, table or self.serving)
        return {(one["stream"]["S"], int(one["version"]["N"])): one for one in found if one["stream"]["S"] != STREAM}

    def overwrite(self, stream: str, version: int, **attributes: Any) -> None:
        """Damage a commit of the table that serves in its place; None drops an attribute."""
        changed = self.items()[stream, version] | attributes
        item = {name: value for name, value in changed.items() if value is not None}
        self.dynamodb.put_item(TableName=self.serving, Item=item)

    def run_until(self, write: int, *options: str) -> None:
        """Run the command, which is stopped before its n-th write."""
        writes = 0

        def count(**_: Any) -> None:
            nonlocal writes
            writes += 1
            if writes == write:
                raise Stopped

        events = [f"before-call.dynamodb.{call}" for call in ("PutItem", "DeleteItem")]
        for event in events:
            self.dynamodb.meta.events.register(event, count)
        try:
            self.run(*options)
        finally:
            for event in events:
                self.dynamodb.meta.events.unregister(event, count)

    def run(self, *options: str) -> int:
        return restore_epoch.run(parser().parse_args(["restore-epoch", "--service", "jars", *options]), self)


@contextmanager
def local_place() -> Iterator[Place]:
    """The service on a fake DynamoDB in this process, at noon."""
    with aws.local_aws():
        made = Place()
        with clock.fixed(lambda: made.now):
            yield made


def listed(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")], "\n".join(
        line for line in lines if not line.startswith("{")
    )
