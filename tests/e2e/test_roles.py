"""The deployed functions run under their own roles, and a role is refused what it is not granted.

That each role is granted enough is shown by all other tests of this folder.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.conftest import Deployed
from tests.e2e.engine.workbench import as_role, policy

REFUSED = ("AccessDenied", "AccessDeniedException", "AuthorizationError")
NOBODY = "00000000-0000-4000-8000-000000000000"


def role_of(deployed: Deployed, service: str, function: str) -> str:
    """The ARN of the role of a service's function."""
    name = deployed.output(service, f"{function}Function")
    role: str = deployed.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    return role


def client_of(deployed: Deployed, service: str, function: str, aws_service: str) -> Any:
    """A client with the credentials of a function's role."""
    return as_role(deployed.cloud, role_of(deployed, service, function), aws_service)


def refused(call: Any, **parameters: Any) -> bool:
    """Whether a call is refused for want of a permission. Any other error is raised."""
    try:
        call(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSED:
            raise
        return True
    return False


@pytest.mark.parametrize("function", ["Relay", "InboxWorker"])
def test_nobody_publishes_as_another_service(deployed: Deployed, function: str) -> None:
    events = client_of(deployed, "depot", function, "events")
    entry = {"EventBusName": deployed.output("platform", "BusName"), "DetailType": "InvoicePaid", "Detail": "{}"}

    assert refused(events.put_events, Entries=[{**entry, "Source": "mallbots.payments"}])


def test_a_worker_publishes_replies_and_no_events(deployed: Deployed) -> None:
    events = client_of(deployed, "depot", "InboxWorker", "events")
    entry = {"EventBusName": deployed.output("platform", "BusName"), "Source": "mallbots.depot", "Detail": "{}"}

    assert refused(events.put_events, Entries=[{**entry, "DetailType": "ShoppingListCompleted"}])


@pytest.mark.parametrize("function", ["Api", "InboxWorker"])
@pytest.mark.parametrize("table", ["EventsTable", "ViewsTable"])
def test_a_service_reads_its_own_tables_only(deployed: Deployed, function: str, table: str) -> None:
    dynamodb = client_of(deployed, "depot", function, "dynamodb")
    key = {"stream": {"S": "1"}, "version": {"N": "1"}} if table == "EventsTable" else _row("1")

    assert not refused(dynamodb.get_item, TableName=deployed.output("depot", table), Key=key)
    assert refused(dynamodb.get_item, TableName=deployed.output("baskets", table), Key=key)


def _row(key: str) -> dict[str, dict[str, str]]:
    return {"partition": {"S": key}, "sort": {"S": key}}


@pytest.mark.parametrize("function", ["Api", "InboxWorker", "Relay"])
def test_nobody_sends_to_the_queue_of_another_service(deployed: Deployed, function: str) -> None:
    sqs = client_of(deployed, "depot", function, "sqs")

    assert refused(sqs.send_message, QueueUrl=deployed.output("ordering", "InboxQueue"), MessageBody="forged")


def test_a_service_asks_only_the_services_that_it_registers(deployed: Deployed) -> None:
    functions = client_of(deployed, "stores", "Api", "lambda")

    assert refused(functions.invoke, FunctionName=deployed.output("customers", "QueriesFunction"), Payload=b"{}")


def test_only_the_texts_port_sends_texts_and_none_of_them_to_a_topic(deployed: Deployed) -> None:
    topic = deployed.output("platform", "AlarmTopic")

    assert refused(client_of(deployed, "stores", "Api", "sns").publish, PhoneNumber="+15550100", Message="ready")
    assert refused(client_of(deployed, "notifications", "InboxWorker", "sns").publish, TopicArn=topic, Message="ready")


def test_only_an_api_reads_the_signing_key(deployed: Deployed) -> None:
    environment = deployed.client("lambda").get_function_configuration(
        FunctionName=deployed.output("depot", "ApiFunction")
    )["Environment"]["Variables"]
    key = environment["SIGNING_KEY"]

    assert not refused(client_of(deployed, "depot", "Api", "secretsmanager").get_secret_value, SecretId=key)
    assert refused(client_of(deployed, "depot", "InboxWorker", "secretsmanager").get_secret_value, SecretId=key)


def test_every_function_has_a_role_of_its_own(deployed: Deployed) -> None:
    pages = deployed.client("lambda").get_paginator("list_functions").paginate()
    roles = [function["Role"] for page in pages for function in page["Functions"]]

    assert len(roles) == len(set(roles)) > 30


def test_what_a_running_function_is_denied_it_cannot_do(deployed: Deployed) -> None:
    """So a function that runs is signed in with its role, and not with the administrator's credentials."""
    path = f"/api/search/orders/{NOBODY}"
    assert deployed.mall.send("GET", path).status_code == 404

    with denied(deployed, role_of(deployed, "search", "Api"), "dynamodb:*"):
        assert deployed.mall.send("GET", path).status_code >= 500

    assert deployed.mall.send("GET", path).status_code == 404


@contextmanager
def denied(deployed: Deployed, role: str, action: str) -> Iterator[None]:
    """Within the block, a role is denied an action on everything."""
    iam, name = deployed.client("iam"), role.rsplit("/", 1)[-1]
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    iam.put_role_policy(RoleName=name, PolicyName="denied", PolicyDocument=policy(statement))
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="denied")
