"""The AWS command line as the pages use it, about the local cloud of PORT and STATE: `python -m tests.docs.aws`.

Its flags are botocore's members, as are those of https://docs.aws.amazon.com/cli/latest/. Addresses of gateways are the
local ones. The engine restores no table to a point in time: a copy of the table, as it is now, takes its place.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jmespath
from botocore import xform_name
from botocore.model import OperationModel, Shape

from infra.local.cloud import LocalCloud

OF_ALL = ("query", "output", "cli-binary-format")
AT_ONCE = 25  # items of a BatchWriteItem


def call(cloud: LocalCloud, service: str, operation: str, words: list[str]) -> Any:
    """What an operation answers, as the flags select it."""
    client = cloud.client(service)
    if operation == "wait":
        waiter, *words = words
        waiting = client.get_waiter(waiter.replace("-", "_"))
        waiting.wait(**_given(client.meta.service_model, waiting.config.operation, words)[0])
        return ""
    name = {xform_name(one, "-"): one for one in client.meta.service_model.operation_names}[operation]
    given, flags, files = _given(client.meta.service_model, name, words)
    if name == "RestoreTableToPointInTime":
        return copied(client, given["SourceTableName"], given["TargetTableName"])
    answer = client._make_api_call(name, given)
    answer.pop("ResponseMetadata", None)
    for file in files:
        Path(file).write_bytes(answer.pop("Payload").read())
    for stack in answer.get("Stacks", []):
        for output in stack.get("Outputs", []):
            output["OutputValue"] = cloud.http_address(output["OutputValue"])
    found = jmespath.search(flags["query"], answer) if "query" in flags else answer
    return _as_text(found) if flags.get("output") == "text" else json.dumps(found, indent=4, default=str)


def copied(client: Any, source: str, target: str) -> str:
    """Make a table that is like another and holds what that one holds."""
    table = client.describe_table(TableName=source)["Table"]
    kept = ("IndexName", "KeySchema", "Projection")
    indexes = [{key: index[key] for key in kept} for index in table.get("GlobalSecondaryIndexes", [])]
    client.create_table(
        TableName=target,
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    )
    pages = client.get_paginator("scan").paginate(TableName=source)
    requests = [{"PutRequest": {"Item": item}} for page in pages for item in page["Items"]]
    for at in range(0, len(requests), AT_ONCE):
        client.batch_write_item(RequestItems={target: requests[at : at + AT_ONCE]})
    return f"{target} holds {len(requests)} items"


def _given(model: Any, operation: str, words: list[str]) -> tuple[dict[str, Any], dict[str, str], list[str]]:
    """The members of an operation's input, the flags of every operation, and the files that are named."""
    described: OperationModel = model.operation_model(operation)
    shape = described.input_shape
    members = {xform_name(name, "-"): name for name in (shape.members if shape else {})}
    given: dict[str, Any] = {}
    flags: dict[str, str] = {}
    files: list[str] = []
    for flag, values in _flags(words):
        if not flag:
            files += values
        elif flag in OF_ALL:
            flags[flag], *more = values
            files += more
        else:
            name = members.get(flag) or members[flag.removeprefix("no-")]
            assert shape is not None
            member = shape.members[name]
            taken = len(values) if member.type_name == "list" else int(member.type_name != "boolean")
            given[name] = _value(member, values[:taken], flag not in members)
            files += values[taken:]
    return given, flags, files


def _flags(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    flag, values = "", list[str]()
    for word in [*words, "--"]:
        if word.startswith("--"):
            yield flag, values
            flag, values = word[2:], []
        else:
            values.append(word)


def _value(shape: Shape, values: list[str], negated: bool) -> Any:
    if shape.type_name == "boolean":
        return not negated
    if shape.type_name == "list" and not values[0].startswith("["):
        return values
    [value] = values
    if shape.type_name in ("structure", "map", "list"):
        return json.loads(value) if value[0] in "{[" else dict(_pair(part) for part in value.split(","))
    return int(value) if shape.type_name in ("integer", "long") else value


def _pair(text: str) -> tuple[str, str | bool | int]:
    name, _, value = text.partition("=")
    return name, {"true": True, "false": False}.get(value, int(value) if value.isdecimal() else value)


def _as_text(found: Any) -> str:
    """https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-output-format.html"""
    if isinstance(found, list) and found and all(isinstance(row, list) for row in found):
        return "\n".join(map(_as_text, found))
    return "\t".join(map(str, found)) if isinstance(found, list) else str(found)


def main(words: list[str]) -> int:
    cloud = LocalCloud(int(os.environ["PORT"]), Path(os.environ["STATE"]))
    service, operation, *rest = words
    print(call(cloud, service, operation, rest))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
