"""Erase in a restored table, before it serves, whoever was erased since its backup.

The ledger of erasures is in no backup. For each entry the vault gets the tombstone and loses the digest of the phone,
and the stream gets Erased if it lacks it, and loses what an old backup may hold in plain (docs/personal-data.md).
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from functions.customers import migration
from functions.customers.domain import Customer
from functions.customers.keys import KEY, partition_of
from functions.customers.service import customers
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.eventstore.vault import DynamoVault, to_item
from functions.kernel.runtime import runtime
from functions.kernel.runtime.json_text import read
from functions.kernel.runtime.runtime import Runtime
from infra.operate.deployment import Deployment, OperateError, stacks
from infra.operate.wording import counted


@dataclass(frozen=True)
class Tables:
    """The tables of customers, by name: commits, the vault, and the ledger."""

    events: str
    vault: str
    erasures: str


@dataclass(frozen=True)
class Applied:
    """The entries of the ledger, and what was not yet so: keys there, digests of phones, and streams without Erased."""

    entries: int
    keys: int
    digests: int
    streams: int


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--table", help="the restored table of commits (default: the one that serves)")
    parser.add_argument("--vault", help="the restored vault (default: the one that serves)")
    parser.add_argument("--ledger", help="the ledger of erasures (default: the stage's)")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    where = tables(options, deployment)
    _check(deployment, where)
    print(f"To {where.events} and {where.vault}:")
    done = apply(deployment, where)
    print(
        f"The ledger has {counted(done.entries, 'entry', 'entries')}. Erased again: {counted(done.keys, 'key')}, "
        f"{counted(done.digests, 'digest')} of phones, {counted(done.streams, 'stream')}."
    )
    return 0


def _check(deployment: Deployment, where: Tables) -> None:
    """Raises OperateError for a table that is not there, or is another one than it is named as."""
    for option, table, key in (
        ("TABLE", where.events, "stream"),
        ("VAULT", where.vault, "partition"),
        ("--ledger", where.erasures, "partition"),
    ):
        dynamodb = deployment.client("dynamodb")
        try:
            found = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"][0]["AttributeName"]
        except dynamodb.exceptions.ResourceNotFoundException as error:
            raise OperateError(f"there is no table {table}: check {option}") from error
        if found != key:
            raise OperateError(f"{table} has the key {found}, not {key}: check {option}")


def tables(options: argparse.Namespace, deployment: Deployment) -> Tables:
    """The tables that the options name, and for the others those of the stage. Raises OperateError."""
    named = (options.table, options.vault, options.ledger)
    [there] = [{}] if all(named) else stacks(deployment, "customers").values()
    outputs = ("EventsTable", "VaultTable", "ErasuresTable")
    return Tables(*(name or there[output] for name, output in zip(named, outputs, strict=True)))


def apply(deployment: Deployment, where: Tables) -> Applied:
    """Apply the ledger to the tables. It may stop at any point and run again."""
    dynamodb = deployment.client("dynamodb")
    ledger = {key[0]: data for key, data in _rows(dynamodb, where.erasures)}
    keys = _count(lambda id: _bury(dynamodb, where.vault, id, ledger[id]["erased"]), ledger)
    digests = _delete_digests(dynamodb, where.vault, ledger)
    with runtime.active(_runtime(dynamodb, where)):
        streams = _count(_erase, ledger)
    return Applied(len(ledger), keys, digests, streams)


def _count(apply_to: Callable[[str], bool], ledger: Mapping[str, Any]) -> int:
    return sum(map(apply_to, ledger))


def _bury(dynamodb: Any, table: str, customer_id: str, at: str) -> bool:
    """Put the tombstone in place of a key, or of nothing; whether there was a key."""
    tombstone = {"erased": at}
    before = dynamodb.put_item(
        TableName=table, Item=to_item(partition_of(customer_id), KEY, tombstone), ReturnValues="ALL_OLD"
    ).get("Attributes")
    return before is not None and "key" in read(before["data"]["S"])


def _delete_digests(dynamodb: Any, table: str, ledger: Mapping[str, Any]) -> int:
    """Delete the rows that lead from a phone to someone erased, by one scan: the numbers themselves are forgotten."""
    deleted = 0
    for (partition, sort), _ in _rows(dynamodb, table, "phone "):
        if sort.rpartition(" ")[2] in ledger:
            dynamodb.delete_item(TableName=table, Key={"partition": {"S": partition}, "sort": {"S": sort}})
            deleted += 1
    return deleted


def _erase(customer_id: str) -> bool:
    """Whether a stream lacked Erased."""
    customer = customers.load(customer_id).aggregate
    lacked = not customer.is_new and customer.status != "erased"
    if lacked:
        customers.change(customer_id, Customer.erase)
    migration.seal(Customer.stream(customer_id))
    return lacked


def _rows(dynamodb: Any, table: str, begins: str = "") -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """The rows of a table of the vault's form, of all partitions or those that begin so; reads the whole table once."""
    filtered: dict[str, Any] = {
        "FilterExpression": "begins_with(#partition, :begins)",
        "ExpressionAttributeNames": {"#partition": "partition"},
        "ExpressionAttributeValues": {":begins": {"S": begins}},
    }
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, ConsistentRead=True, **(filtered if begins else {})
    )
    for page in pages:
        for item in page["Items"]:
            yield (item["partition"]["S"], item["sort"]["S"]), read(item["data"]["S"])


def _runtime(dynamodb: Any, where: Tables) -> Runtime:
    """The customers service on these tables, which publishes nothing: what it commits was published once."""
    nothing = cast(Any, None)
    return Runtime(
        service="customers",
        store=DynamoEventStore(dynamodb, where.events, {"vault": where.vault, "erasures": where.erasures}),
        vault=DynamoVault(dynamodb, where.vault),
        views=nothing,
        bus=nothing,
        queue=nothing,
        dead_letters=nothing,
    )
