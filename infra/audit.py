"""The table of the audit: operations has it, and every API whose routes are audited appends to it.

It has a fixed name, unlike other tables, so that the stacks of services need no order among each other. CloudFormation
can then not replace it, which must never happen to it anyway. Why it is so: docs/adr/0060.
"""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.function import ServiceFunction
from infra.names import OPERATIONS, named, table_arn
from infra.stages import Stage


def audit_name(stage: Stage) -> str:
    """The table's name: `mallbots-dev-operations-audit`."""
    return named(stage, OPERATIONS, "audit")


class AuditTable(Construct):
    """The table of who asked for what. No role may update or delete in it."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, settings: dict[str, Any]) -> None:
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            table_name=audit_name(stage),
            partition_key=dynamodb.Attribute(name="day", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="place", type=dynamodb.AttributeType.STRING),
            **settings,
        )


def let_append(function: ServiceFunction, stage: Stage) -> None:
    """Let a function append to the audit."""
    _let(function, stage, "dynamodb:PutItem")


def let_read(function: ServiceFunction, stage: Stage) -> None:
    """Let a function read the audit."""
    _let(function, stage, "dynamodb:Query")


def _let(function: ServiceFunction, stage: Stage, action: str) -> None:
    name = audit_name(stage)
    function.let([action], table_arn(Stack.of(function), name), AUDIT=name)
