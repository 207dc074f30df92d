"""The past: what operators are shown of a stream is what is stored."""

from collections.abc import Iterator
from urllib.parse import parse_qs

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit, Request
from tests.simulation.check.violation import Violation

COMMITS = "what is shown of a stream is what is stored in it"
AS_OF = "the state of a stream as of a stored version has that version"

STREAMS = "/api/operations/streams/"


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Answers about streams that do not tell what is stored."""
    for request in history.requests.values():
        path, _, query = request.path.partition("?")
        parts = path.removeprefix(STREAMS).split("/")
        if request.method != "GET" or not path.startswith(STREAMS) or request.status not in (200, 404):
            continue
        stored = history.stream(parts[1], parts[2])
        if parts[3:] == []:
            text = _shown_wrongly(request, stored)
            invariant = COMMITS
        elif parts[3:] == ["state"]:
            text = _wrong_state(request, stored, parse_qs(query).get("version"))
            invariant = AS_OF
        else:
            continue
        if text:
            yield Violation(invariant, f"{request.where} {text}", {"request": request.id})


def _shown_wrongly(request: Request, stored: list[Commit]) -> str:
    """What is wrong with a first page of commits; "" where all is well."""
    before = [commit for commit in stored if commit.at < request.at]
    if not request.accepted:
        return "was answered 404, and the stream was there" if before else ""
    shown = [_names(one["version"], one["events"]) for one in request.answer["commits"]]
    expected = [_names(one.version, [{"name": event.name} for event in one.events]) for one in stored]
    if shown != expected[: len(shown)]:
        return f"shows {shown}, and {expected[: len(shown)]} is stored"
    if len(shown) < len(before) and not request.answer.get("next"):
        return f"shows {len(shown)} of {len(before)} commits"
    return ""


def _wrong_state(request: Request, stored: list[Commit], asked: list[str] | None) -> str:
    """What is wrong with a state as of a version, or as it is; "" where all is well."""
    before = max((commit.last_version for commit in stored if commit.at < request.at), default=0)
    by_now = max((commit.last_version for commit in stored if commit.at <= (request.answered_at or 0)), default=0)
    version = int(asked[0]) if asked else None
    if not request.accepted:
        return "was answered 404, and it was there" if before and (version is None or version >= 1) else ""
    found = request.answer["version"]
    if version is not None and version <= before:
        return "" if found == version else f"has the version {found}"
    return "" if before <= found <= by_now else f"has the version {found}, and {before} is stored"


def _names(version: int, events: list[dict[str, str]]) -> tuple[int, tuple[str, ...]]:
    return version, tuple(event["name"] for event in events)
