"""The table of all cases, docs/security_cases.md."""

from collections.abc import Sequence
from pathlib import Path

from tests.security import (
    cases_of_codes,
    cases_of_input,
    cases_of_messages,
    cases_of_personal_data,
    cases_of_robots,
    cases_of_roles,
    cases_of_tokens,
)
from tests.security.cases import Case

PAGE = Path(__file__).parents[2] / "docs" / "security_cases.md"
CASES_OF: dict[str, Sequence[Case]] = {
    "Roles and ownership": cases_of_roles.CASES,
    "The robots' stream": cases_of_robots.CASES,
    "Tokens": cases_of_tokens.CASES,
    "Sessions and one-time codes": cases_of_codes.CASES,
    "What is sent": cases_of_input.CASES,
    "Messages and logs": cases_of_messages.CASES,
    "Personal data": cases_of_personal_data.CASES,
}
CASES = tuple(case for cases in CASES_OF.values() for case in cases)


def page() -> str:
    """The page, as it is to be committed."""
    lines = [
        "# What is tried against the mall, and what stops it",
        "",
        "<!-- made by `.venv/bin/python -m tests.security --write`; `make test` compares it -->",
        "",
        "`make security` tries each on a deployment under enforced roles: the answer has the status below, and no",
        "table and no message is changed, but where it says so. Then it takes out, in memory, the guard that the case",
        "names: the case must fail. `CASE=` runs those whose names hold a text, `MUTANT=` those of one guard.",
    ]
    for title, cases in CASES_OF.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| attack | answered | fails without the guard, that is when | |",
            "|---|---|---|---|",
        ]
        lines += [_row(case) for case in cases]
    return "\n".join(lines) + "\n"


def _row(case: Case) -> str:
    statuses = " or ".join(map(str, case.statuses))
    notes = [f"in memory only: {case.memory_only}"] if case.memory_only else []
    notes += [f"changes {', '.join(case.changes)}"] if case.changes else []
    return f"| {case.name} | {statuses} | {case.guard} | {'; '.join(notes)} |"
