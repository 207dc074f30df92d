"""Who may do what by the templates, for any set of services."""

import json
import re

from functions.kernel.composition.manifest import manifest, services
from tests.infra.conftest import Templates, arn_of, listed


def test_rows_are_deleted_only_where_what_they_say_is_judged_again(both: Templates) -> None:
    """An older message may write a deleted row once more: a sweep or the dispatcher then decides by the stream, and a
    roll-up by the rows of the minute; no message writes a connection's; of a retired robot only its own row lists what
    it said, and that has a tombstone. A row of the vault is deleted in the transaction of a commit, which decides.
    """
    deleting = {
        (stack, name)
        for stack, name, statement in both.statements()
        if "dynamodb:DeleteItem" in listed(statement["Action"]) and "Vault" not in arn_of(statement["Resource"])
    }
    workers = {"checkout": "InboxWorker", "depot": "Dispatcher", "insights": "InboxWorker", "payments": "InboxWorker"}
    workers["fleet"] = "InboxWorker"
    workers["live"] = "Service"  # the socket, and the worker that finds a connection gone
    workers["operations"] = "Service"  # whose rows are made of no messages
    # A replay deletes what a generation holds that nothing reads any more.
    judging = {(stack, name) for stack, name in deleting if not name.startswith("ServiceReplay")}
    assert {stack for stack, _ in judging} == set(workers)
    assert all(workers[stack] in name for stack, name in judging)


# Calls for which IAM knows no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/
WITHOUT_RESOURCE = [("fleet", ["iot:CreateCertificateFromCsr"]), ("operations", ["lambda:ListEventSourceMappings"])]


def test_nothing_is_granted_by_wildcard(both: Templates) -> None:
    statements = both.statements()
    assert len(statements) > 100
    for stack, name, statement in statements:
        actions = listed(statement["Action"])
        assert not [action for action in actions if "*" in action], (stack, name)
        if statement.get("NotResource"):
            # A text to a phone number has no resource of its own, so everything but topics is allowed.
            assert (stack, actions) == ("notifications", ["sns:Publish"])
            continue
        resources = [json.dumps(resource) for resource in listed(statement["Resource"])]
        if resources == ['"*"']:
            assert (stack, actions) in WITHOUT_RESOURCE
            continue
        if actions == ["lambda:UpdateEventSourceMapping"]:
            # A mapping's id is made with it: the condition names the functions, with any alias of theirs.
            [functions] = statement["Condition"]["ArnLike"].values()
            assert stack == "operations"
            assert all("*" not in json.dumps(one).replace(':*"]', '"]') for one in functions)
            continue
        # Which connections there will be is not known: any of one API's stage may be posted to, by whom may at all. Nor
        # is which certificates there will be: the id of one is made with it. ListStreams is about all of a table.
        streams = '"/stream/*"' if actions == ["dynamodb:ListStreams"] else ""
        for known in ("/live/POST/@connections/*", ":cert/*" if stack == "fleet" else "", streams):
            resources = [resource.replace(known, "") for resource in resources] if known else resources
        assert not [resource for resource in resources if "*" in resource], (stack, name, statement)


def test_no_role_has_a_managed_policy(both: Templates) -> None:
    """But API Gateway's own, which writes the access log of WebSocket APIs, and CodeDeploy's, which shifts versions."""
    managed = {name[:-8] for _, name, role in both.resources("AWS::IAM::Role") if role.get("ManagedPolicyArns")}
    gradual = any("AWS::Lambda::Alias" in json.dumps(template) for template in both.stacks.values())
    assert managed == {"SocketLoggingRole", *({"ReleaseRole", "ServiceReleaseRole"} if gradual else ())}


def test_a_service_publishes_only_as_itself(both: Templates) -> None:
    publishing = [(stack, s) for stack, _, s in both.statements() if s["Action"] == "events:PutEvents"]
    assert len(publishing) > 8
    for stack, statement in publishing:
        assert statement["Condition"]["StringEquals"]["events:source"] == f"mallbots.{stack}"


def test_only_the_functions_of_a_service_touch_its_tables(both: Templates) -> None:
    """But for the audit's, to which all services append (test_audit.py)."""
    tables = {(stack, name) for stack, name, _ in both.resources("AWS::DynamoDB::Table")}
    touched = [
        (stack, resource)
        for stack, _, statement in both.statements()
        if "dynamodb:" in json.dumps(statement["Action"])
        for resource in listed(statement["Resource"])
        if not re.search(r":table/mallbots-\w+-operations-audit", json.dumps(resource))
    ]
    assert len(touched) > 2 * len(tables)
    for stack, resource in touched:
        [table] = re.findall(r'"Fn::GetAtt": \["(\w+)", "(?:Stream)?Arn"\]', json.dumps(resource)) or ["no table"]
        assert (stack, table) in tables, resource


def test_only_a_service_that_asks_an_owner_may_invoke_its_queries(both: Templates) -> None:
    """The authorizer is the platform's: tests/infra/test_identity.py has what it may."""
    invoking = {stack for stack, _, s in both.statements() if s["Action"] == "lambda:InvokeFunction"}
    assert invoking == {"platform", "operations"} | {name for name in services() if manifest(name).asks}
