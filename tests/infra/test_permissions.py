"""Each function may do what its own code does, and nothing else: judged by the local cloud's evaluator of policies.

What a function does is recorded from its code at work (tests/permissions). The rest, each statement given to every
other function, takes longer: `make permissions`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from functions.kernel.composition.manifest import services
from tests.infra.conftest import Resource, Templates
from tests.infra.policies import Names
from tests.permissions.__main__ import BEGIN, END, PAGE
from tests.permissions.experiments import with_each_neighbours
from tests.permissions.judge import Judge, judging
from tests.permissions.recording import recording
from tests.permissions.report import Recorded, faults, grant, record
from tests.permissions.roles import Call, roles
from tests.permissions.work import an_order_without_copies


@pytest.fixture(scope="module")
def names(dev: Templates) -> Names:
    return Names(dev)


@pytest.fixture(scope="module")
def recorded(names: Names) -> Recorded:
    return record(names)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with judging() as judge:
        yield judge


def the_queue(names: Names, stack: str, logical_id: str) -> str:
    [arn] = [
        names.arn(stack, name)
        for found, name, _ in names.templates.resources("AWS::SQS::Queue")
        if found == stack and name.startswith(logical_id)
    ]
    return arn


def test_every_function_of_the_templates_was_seen_at_work(recorded: Recorded) -> None:
    idle = {name for name, role in recorded.roles.items() if recorded.calls[name] == role.platform}
    assert idle == {"gateway/api"}  # it answers from its own files
    assert len(recorded.roles) > 3 * len(services())


def test_each_function_may_do_what_it_does_and_nothing_else_and_each_part_of_its_role_is_needed(
    recorded: Recorded, judge: Judge
) -> None:
    assert [fault for role in recorded.roles.values() for fault in faults(role, recorded, judge)] == []


def test_each_neighbours_statement_would_let_a_function_do_what_it_is_to_be_refused(
    recorded: Recorded, judge: Judge
) -> None:
    """For one function; `make permissions` tries all."""
    role = recorded.roles["stores/api"]
    refused = recorded.every - recorded.expected(role)
    given = list(with_each_neighbours(role, recorded.roles, refused, judge))
    assert len(given) > 150
    assert [one for one in given if not one.through and not one.redundant] == []


@pytest.mark.parametrize(
    ("function", "action", "on"),
    [
        ("ordering/api", "sqs:SendMessage", "InboxQueue"),
        ("stores/inbox", "dynamodb:UpdateItem", "VIEWS"),
        ("stores/inbox", "dynamodb:Query", "VIEWS"),
        ("notifications/api", "sns:Publish", "*"),
        ("search/api", "dynamodb:PutItem", "VIEWS"),
        ("customers/queries", "dynamodb:PutItem", "TABLE"),
    ],
)
def test_a_grant_that_serves_no_code_is_found(
    names: Names, recorded: Recorded, judge: Judge, function: str, action: str, on: str
) -> None:
    role = recorded.roles[function]
    service = function.partition("/")[0]
    resource = the_queue(names, service, "ServiceInboxQueue") if on == "InboxQueue" else on
    if on in ("VIEWS", "TABLE"):
        resource = f"arn:aws:dynamodb:eu-west-1:111122223333:table/{role.environment[on]}"
    statement: Resource = {"Effect": "Allow", "Action": [action], "Resource": [resource]}
    found = faults(replace(role, statements=(*role.statements, statement)), recorded, judge)
    call = Call(action, resource)
    assert f"{function} need not be let {call}" in found
    assert f"{function} fails in nothing without {len(role.statements)}" in found


def test_a_grant_that_is_missing_is_found(recorded: Recorded, judge: Judge) -> None:
    role = recorded.roles["ordering/inbox"]
    poorer = replace(role, statements=tuple(s for s in role.statements if "dynamodb:PutItem" not in s["Action"]))
    assert any("ordering/inbox is refused PutItem" in fault for fault in faults(poorer, recorded, judge))


def test_an_owner_that_a_room_asks_without_saying_so_is_found(recorded: Recorded, judge: Judge) -> None:
    role = recorded.roles["notifications/inbox"]
    unsaid = replace(role, environment={k: v for k, v in role.environment.items() if not k.startswith("QUERIES_")})
    with recording({**recorded.roles, role.name: unsaid}) as recorder:
        an_order_without_copies()
    asked = {call for call in recorder.calls[role.name] if call.action == "lambda:InvokeFunction"}
    assert [call.resource.rpartition(":")[2] for call in asked] == ["queries of customers, which its environment lacks"]
    assert judge.allowed(role.statements, asked) == set()


def test_the_redriver_alone_may_put_a_message_into_ordering_past_the_bus_and_payments_own_on_the_bus_as_payments(
    names: Names, recorded: Recorded, judge: Judge
) -> None:
    """By which a forged InvoicePaid completed an order that nobody had paid."""
    into = Call("sqs:SendMessage", the_queue(names, "ordering", "ServiceInboxQueue"))
    paid = {
        call
        for call in recorded.every
        if ("events:source", "mallbots.payments") in call.context
        and ("events:detail-type", "InvoicePaid") in call.context
    }
    assert into in recorded.every
    assert len(paid) == 1
    may = {name: judge.allowed(role.statements, {into, *paid}) for name, role in recorded.roles.items()}
    assert {name: calls for name, calls in may.items() if calls} == {
        "operations/redriver": {into},
        "payments/relay": paid,
    }


def test_a_stage_that_keeps_data_grants_the_same(prod: Templates, recorded: Recorded) -> None:
    of_prod = json.dumps({name: role.statements for name, role in roles(Names(prod)).items()})
    of_dev = json.dumps({name: role.statements for name, role in recorded.roles.items()})
    assert ":live" in of_prod  # the queries function, behind the alias of what is deployed gradually
    assert re.sub(r"mallbots(.)prod\b", r"mallbots\1dev", of_prod).replace(":live", "") == of_dev


def test_the_table_of_the_security_page_has_each_statement(recorded: Recorded) -> None:
    rows = PAGE.read_text().partition(BEGIN)[2].partition(END)[0].splitlines()[2:]
    written = [tuple(cell.strip() for cell in row.strip("| ").split(" | ")[:3]) for row in rows]
    deployed = [grant(role.name, statement) for role in recorded.roles.values() for statement in role.statements]
    assert written == deployed, "docs/security.md is out of date: run make permissions"
