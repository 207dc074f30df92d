"""Schemathesis on the mall: cases generated from the document, links followed, every answer checked."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import schemathesis
from schemathesis import AuthContext, Case, HookContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet
from schemathesis.engine import StopReason, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.generation.meta import CoveragePhaseData
from schemathesis.schemas import BaseSchema

from functions.kernel.domain import money
from functions.kernel.rest.wire import REFUSED
from functions.kernel.runtime.context import OPERATOR, STAFF
from tests.fuzz import expected

Json = dict[str, Any]

ENDED_OK = (StopReason.COMPLETED, StopReason.MAX_TIME)
OTHER_METHODS = ["GET", "PUT", "POST", "DELETE", "PATCH"]  # OPTIONS is answered by a gateway with CORS
UNKNOWN_HEADER = "x-schemathesis-unknown-property"  # not a fault: unknown headers are ignored
LEAST = ("0", 0)  # what the coverage phase uses where any value will do
MOSTLY = 0.9  # the probability that an id is one of an existing thing


@dataclass(frozen=True)
class Bounds:
    """How much to fuzz: random cases of each operation, chains of requests, and requests in a chain.

    edges: whether to test the edges of all schemas, too, some 45 cases an operation. seconds: continue with new cases
    for this long.
    """

    seed: int
    examples: int
    chains: int
    steps: int = 8
    edges: bool = True
    seconds: int | None = None


@dataclass(frozen=True)
class Who:
    """Who sends the requests: a role, and its token now."""

    role: str
    token: Callable[[], str]


@dataclass(frozen=True)
class Failure:
    """A check that failed, and the request (or the chain of requests) that reproduces it, as curl commands."""

    operation: str
    check: str
    why: str
    curl: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.check}\n{self.why}\n{self.curl}\n"


@dataclass
class Report:
    """What was requested and answered. Operations are named by method and path; status `None` is no answer.

    role: whose requests they were. may: the operations that the role may call.
    """

    role: str
    operations: list[str]
    may: set[str]
    answers: dict[str, Counter[int | None]] = field(default_factory=dict)
    phases: Counter[str] = field(default_factory=Counter)
    links: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def statuses(self) -> Counter[int | None]:
        """The answers by status."""
        return sum(self.answers.values(), Counter[int | None]())

    def summary(self) -> Json:
        """The figures."""
        return together([self])

    def table(self) -> Iterator[str]:
        """A line for each operation: its cases, and its answers by status."""
        width = max(map(len, self.operations))
        for operation in self.operations:
            answers = self.answers.get(operation, Counter())
            by_status = "  ".join(f"{status}: {number}" for status, number in sorted(answers.items(), key=str))
            yield f"{operation:{width}}  {answers.total():5}  {by_status}"


def left_out(reports: Sequence[Report]) -> list[str]:
    """What runs must not leave out: operations that a role never called; with staff's, those that nobody was answered.

    Answered with 200, that is. The other roles' runs are short, and few things are theirs.
    """
    never_called = [
        f"{one} was never called as {report.role}"
        for report in reports
        for one in report.operations
        if not report.answers.get(one)
    ]
    ok = {one for report in reports for one, answers in report.answers.items() if answers[200]}
    wanted = {one for report in reports if report.role == STAFF for one in report.may - expected.NEVER_OK.keys()}
    return never_called + [f"{one} was never answered with 200" for one in sorted(wanted - ok)]


def together(reports: Sequence[Report]) -> Json:
    """The figures of all roles: an operation counts once, its cases are added up."""
    statuses = sum((report.statuses for report in reports), Counter[int | None]())
    called = {one for report in reports for one in report.operations if report.answers.get(one)}
    return {
        "roles": [report.role for report in reports],
        "routes": len(reports[0].operations),
        "operations": len(called),
        "cases": statuses.total(),
        "phases": dict(sum((report.phases for report in reports), Counter[str]())),
        "links": sum(report.links for report in reports),
        "statuses": {str(status): number for status, number in sorted(statuses.items(), key=str)},
        "failures": sum(len(report.failures) for report in reports) + len(left_out(reports)),
    }


def names(document: Json) -> list[str]:
    """The operations of a document, by method and path."""
    return [f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item]


def allowed(document: Json, role: str) -> set[str]:
    """The operations of a document that a role may call: those that name it, and those that are open."""
    found = set()
    for name in names(document):
        method, path = name.split(" ")
        security = document["paths"][path][method.lower()]["security"]
        roles = {one for schemes in security for scopes in schemes.values() for one in scopes}
        if not security or role in roles or (role == OPERATOR and STAFF in roles):
            found.add(name)
    return found


def fuzz(
    document: Json,
    things: Mapping[str, list[str]],
    bounds: Bounds,
    who: Who,
    *,
    address: str = "",
    app: Any = None,
) -> Report:
    """Fuzz the API that the document describes, under a role, with the ids of `things`.

    address, app: where the API is, or the WSGI application.
    """
    report = Report(who.role, sorted(names(document)), allowed(document, who.role))
    schema = schemathesis.openapi.from_dict(
        document, config=SchemathesisConfig.from_dict(_settings(report, things, bounds, address))
    )
    schema.app = app
    _sign_in(schema, who)
    _correct_cases(schema, _dictionaries(things))
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            report.phases[event.phase.value] += len(event.recorder.cases)
            _record(report, event.recorder)
        elif isinstance(event, events.NonFatalError):
            report.failures.append(Failure(event.label, "error", event.info.format(), ""))
        elif isinstance(event, events.FatalError):
            raise event.exception
        elif isinstance(event, events.EngineFinished) and event.stop_reason not in ENDED_OK:
            report.failures.append(Failure("all", "the run", f"it was stopped: {event.stop_reason}", ""))
    return report


def _sign_in(schema: BaseSchema, who: Who) -> None:
    """Send the token of now with each request; the check for ignored authentication takes it away again."""

    @schema.auth(refresh_interval=None)
    class Token:
        def get(self, case: Case[Any], context: AuthContext) -> str:
            return who.token()

        def set(self, case: Case[Any], data: str, context: AuthContext) -> None:
            case.headers["Authorization"] = f"Bearer {data}"


def _settings(report: Report, things: Mapping[str, list[str]], bounds: Bounds, address: str) -> Json:
    dictionaries = {kind: {"values": values} for kind, values in _dictionaries(things).items()}
    generation = {
        "database": "none",
        "no-shrink": True,
        "with-security-parameters": False,
        "allow-x00": False,  # a NUL is refused anywhere, which a schema can state for known fields only
    }
    settings: Json = {
        "seed": bounds.seed,
        "continue-on-failure": True,
        # `filter_case` leaves out most malformed bodies of some operations; `left_out` tells when it is too many.
        "suppress-health-check": ["filter_too_much"],
        "warnings": False,
        "output": {"sanitization": {"enabled": False}},
        "generation": {"max-examples": bounds.examples, **generation},
        "phases": {
            "coverage": {"enabled": bounds.edges, "unexpected-methods": OTHER_METHODS},
            "stateful": {"max-steps": bounds.steps, "generation": {"max-examples": bounds.chains, **generation}},
        },
        "dictionaries": dictionaries,
        "parameters": {"header.If-Match": {"dictionary": "any version", "probability": 0.6}},
        "operations": [_operation(name, report) for name in report.operations],
    }
    if bounds.seconds:
        settings["max-time"] = bounds.seconds
    if address:
        settings["base-url"] = address
    return settings


def _dictionaries(things: Mapping[str, list[str]]) -> dict[str, list[Any]]:
    """The values of existing things that requests use."""
    return {**things, "any version": ["*"], "first assignment": [1]}


def _operation(name: str, report: Report) -> Json:
    checks: Json = {check: {"enabled": False} for check in expected.UNCHECKED_FOR.get(name, {})}
    ids = expected.IDS.get(name, {})
    if name in report.may:
        conforming = ["2xx", *map(str, expected.of(name, report.role))]
        malformed = [*map(str, expected.malformed(name, report.role))]
    else:
        conforming = malformed = [*map(str, expected.NOT_ALLOWED)]
    judged = {
        "positive_data_acceptance": {"expected-statuses": conforming},
        "negative_data_rejection": {"expected-statuses": malformed},
    }
    return {
        "include-name": name,
        "parameters": {where: {"dictionary": kind, "probability": MOSTLY} for where, kind in ids.items()},
        "checks": {**judged, **checks},
    }


def _correct_cases(schema: BaseSchema, values: Mapping[str, list[Any]]) -> None:
    """Correct cases so that they reach the part that they test.

    The coverage phase sends headers without quotes, one Idempotency-Key for all requests, an invented `next` wherever
    there can be one, and arbitrary ids: nearly all of its requests would be refused for that alone.
    """
    numbers = count(1)

    @schema.hook
    def filter_case(context: HookContext, case: Case[Any]) -> bool:
        wrong = case.meta is not None and case.meta.generation.mode.is_negative
        about_body = "requestBody" in case.operation.definition.raw
        if not wrong and about_body and _has_a_name_that_is_refused(case.body):
            return False
        return UNKNOWN_HEADER not in (case.headers or {}) and not (wrong and about_body and _may_be_zero(case.body))

    @schema.hook
    def map_case(context: HookContext, case: Case[Any]) -> Case[Any]:
        if case.meta is None or not isinstance(case.meta.phase.data, CoveragePhaseData):
            return case
        tried, fits = case.meta.phase.data.parameter, case.meta.generation.mode.is_positive
        for name, value in (("If-Match", "*"), ("If-None-Match", '"0"'), ("Idempotency-Key", f"key-{next(numbers)}")):
            if tried != name and set(case.headers.get(name) or "?") == {"0"}:
                case.headers[name] = value
        for content in (case.query, case.body):
            if fits and isinstance(content, dict):
                content.pop("next", None)
        for where, kind in expected.IDS.get(case.operation.label, {}).items():
            place, _, name = where.partition(".")
            value = values[kind][next(numbers) % len(values[kind])]
            if place == "path" and tried != name:
                case.path_parameters[name] = value
            elif fits and place == "body" and isinstance(case.body, dict):
                _fill(case.body, name, value)
        return case


def _has_a_name_that_is_refused(body: object) -> bool:
    """A schema says what a text may not hold, and cannot say it of the names of members that it does not know."""
    if isinstance(body, list):
        return any(map(_has_a_name_that_is_refused, body))
    if not isinstance(body, dict):
        return False
    return any(REFUSED & set(name) for name in body) or any(map(_has_a_name_that_is_refused, body.values()))


def _fill(body: Json, place: str, value: object) -> None:
    """Put a value at a place of a body, such as `orderId` or `items[*].storeId`, where any value would do."""
    listed, _, name = place.rpartition("[*].")
    for part in body.get(listed) or [] if listed else [body]:
        if part.get(name) in LEAST:
            part[name] = value


def _may_be_zero(value: object) -> bool:
    """Whether a body lacks a value, or has null or an amount that is nearly a cent in some place.

    The kernel takes zero values, a default or the cent for them, which schemas do not say, lest generated clients send
    them; tests/contract/rest/test_every_body.py says where.
    """
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return value == {} or any(_may_be_zero(part) for part in parts)
    noise = isinstance(value, float) and 0 < abs(value - round(value, 2)) <= money.NOISE
    return noise or value is None or isinstance(value, NotSet)


def _record(report: Report, recorder: ScenarioRecorder) -> None:
    for case_id, node in recorder.cases.items():
        interaction = recorder.interactions.get(case_id)
        status = interaction.response.status_code if interaction and interaction.response else None
        report.answers.setdefault(node.value.operation.label, Counter())[status] += 1
        report.links += node.is_transition_applied
        for check in recorder.checks.get(case_id, []):
            if check.failure_info:
                answer = interaction.response.text[:500] if interaction and interaction.response else "no answer"
                why = f"{check.failure_info.failure.message}\nAnswer: {status} {answer}"
                failure = check.failure_info
                report.failures.append(Failure(node.value.operation.label, check.name, why, failure.code_sample))
