"""DynamoDB's transactions: items that are locked for a time, all or none, and idempotency tokens."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.dynamodb_requests import Write, cancelled
from tests.simulation.expressions import ExpressionError
from tests.simulation.scheduler import SECOND, Promise
from tests.simulation.sdk import World, client_error
from tests.simulation.tables import Key, Table

TOKEN_LIFE = 600 * SECOND
TRANSACTION_LIMIT = 100
TRANSACTION_BYTES = 4_194_304


class Transactions:
    """The transactions of all clients, and their idempotency tokens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens: dict[str, tuple[str, int, str]] = {}  # token → content, expiry, running or done

    def begin(self, tables: Sequence[Table], request: Mapping[str, Any], by: str) -> Any:
        """Lock the items of a transaction; a promise of its result. by: the container. Raises ClientError."""
        world, token = self._world, request.get("ClientRequestToken")
        actions = request["TransactItems"]
        if len(actions) > TRANSACTION_LIMIT:
            raise ExpressionError("Member must have length less than or equal to 100")
        content = repr(actions) if token else ""
        if token and (known := self._recall(token, content)) is not None:
            made = [(table, Write(table, action).key) for table, action in zip(tables, actions, strict=True)]
            self._world.cost.read_again([table.items.get(key, {}) for table, key in made], table=made[0][0].name)
            return known
        writes = [Write(table, action) for table, action in zip(tables, actions, strict=True)]
        if len({(write.table.name, write.key) for write in writes}) < len(writes):
            raise ExpressionError("Transaction request cannot include multiple operations on one item")
        if sum(write.size for write in writes) > TRANSACTION_BYTES:
            raise ExpressionError("the items of a transaction may have 4 MB together")
        struck = world.faults.strikes("transaction conflict", tables[0].name)
        held = [write.key in write.table.locked or (struck and n == 0) for n, write in enumerate(writes)]
        if any(held):
            record_busy(world, tables[0], by)
            reasons = [{"Code": "TransactionConflict" if conflict else "None"} for conflict in held]
            raise cancelled(reasons)
        holder = world.number("transaction")
        for write in writes:
            write.table.transactional = True
            write.table.locked[write.key] = holder
        if token:
            self._tokens[token] = (content, world.scheduler.now_us + TOKEN_LIFE, "running")
        promise = Promise()
        seconds = world.choices.seconds(0.001, 0.008, "transaction")
        slow = world.faults.strikes("slow transaction", tables[0].name)
        if slow:
            seconds = world.choices.seconds(1.5, 6.0, "slow transaction")
            world.history.record("underway", container=by, keys=[list(write.key) for write in writes])

        def end() -> None:
            result = self._end(writes, token, content, by)
            if slow and result:
                world.history.record("undone", container=by, keys=[list(write.key) for write in writes])
            promise.give(result)

        world.scheduler.call_in(seconds, end)
        return promise

    def _recall(self, token: str, content: str) -> dict[str, Any] | None:
        """The answer of an earlier transaction with this token; None for a new token. Raises ClientError."""
        before, expires, state = self._tokens.get(token, ("", 0, ""))
        if expires <= self._world.scheduler.now_us:
            return None
        if before != content:
            message = "The request has the same token as another request with other parameters"
            raise client_error("IdempotentParameterMismatchException", message, "TransactWriteItems")
        if state == "running":
            message = "The transaction with the given request token is already in progress"
            raise client_error("TransactionInProgressException", message, "TransactWriteItems")
        return {}

    def _end(self, writes: Sequence[Write], token: str | None, content: str, by: str) -> dict[str, Any] | ClientError:
        """Write all items or none; the answer or the error."""
        for write in writes:
            del write.table.locked[write.key]
        reasons = [write.refusal() for write in writes]
        refused = next((n for n, reason in enumerate(reasons) if reason["Code"] != "None"), None)
        if refused is not None:
            record_conflict(self._world, writes[refused].table, writes[refused].key, by)
            if token:
                del self._tokens[token]
            return cancelled(reasons)
        for write in writes:
            table, before = write.table, write.table.items.get(write.key)
            self._world.cost.write(before, write.item or {}, table.index_keys, table=table.name, transaction=True)
            write.take_effect(by, len(writes))
        if token:
            self._tokens[token] = (content, self._world.scheduler.now_us + TOKEN_LIFE, "done")
        return {}


def record_conflict(world: World, table: Table, key: Key, by: str) -> None:
    """A version exists already. Only for commits: for rows, a failed condition is no conflict."""
    if table.name.endswith("/events"):
        world.history.record("conflict", table=table.name, key=list(key), container=by)


def record_busy(world: World, table: Table, by: str) -> None:
    """Another transaction has locked what this call writes."""
    world.history.record("busy", table=table.name, container=by)
