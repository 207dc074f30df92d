"""Print which tables stayed when a service's stack was removed, as `cdk import` wants to be told, and a vault's key."""

import argparse
import json
from collections.abc import Iterable
from typing import Any

from infra.names import key_alias, named
from infra.operate.deployment import Deployment, OperateError
from infra.stages import stage

# The logical ids of the tables of every service that has them; tests/infra/test_logical_ids.py holds them unchanged.
VAULT = "ServiceVaultTableB1D2F23B"
AUDIT = "ServiceAuditTable84266F26"
LOGICAL_IDS = ("ServiceEvents9470217E", "ServiceViews224FAA69", VAULT, "ServiceVaultErasures6DBD0996", AUDIT)
KEY, ALIAS = "ServiceVaultKeyACFCE3B0", "ServiceVaultAlias1BEA6D3E"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", required=True)


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    found = stage(options.stage)
    pages = deployment.client("dynamodb").get_paginator("list_tables").paginate()
    names = [name for page in pages for name in page["TableNames"]]
    mapping = retained(named(found, options.service), names)
    if VAULT in mapping:
        mapping |= retained_key(deployment.client("kms"), key_alias(found))
    print(json.dumps(mapping))
    return 0


def retained(stack: str, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Logical id → the table that a stack made for it: CloudFormation names it <stack>-<logical id>-<12 characters>.

    The audit's has a name of its own, <stack>-audit (infra/audit.py).
    Raises OperateError where there is none, or more than one for an id: then a person must choose.
    """
    found = {one: [n for n in names if n.rpartition("-")[0] == f"{stack}-{one}"] for one in LOGICAL_IDS}
    found[AUDIT] = [n for n in names if n == f"{stack}-audit"]
    for logical_id, tables in found.items():
        if len(tables) > 1:
            raise OperateError(f"more than one table may be {logical_id} of {stack}: {', '.join(sorted(tables))}")
    mapping = {logical_id: {"TableName": tables[0]} for logical_id, tables in found.items() if tables}
    if not mapping:
        raise OperateError(f"no table of {stack} is here")
    return mapping


def retained_key(kms: Any, alias: str) -> dict[str, dict[str, str]]:
    """Logical id → the key without which nothing in the vault opens, and its alias. Raises OperateError without it."""
    try:
        key = kms.describe_key(KeyId=alias)["KeyMetadata"]
    except kms.exceptions.NotFoundException:
        raise OperateError(f"the vault stayed, and {alias} is not here: give the key of the vault this alias") from None
    return {KEY: {"KeyId": key["KeyId"]}, ALIAS: {"AliasName": alias}}
