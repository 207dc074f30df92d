"""A letter as a failing unit test: a file for tests/unit that delivers the message to its handler again.

What the handler needs is made of what was published about the order before, as far as its owners answer. The rest of
the state is to be added by who mends the cause. Running it needs no deployment.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from events.queries import TimelineMessage
from events.registry import Kind, language
from functions.kernel.domain.errors import RefusedError
from functions.operations.letters import Letter

TRACE = "00-" + "0" * 31 + "1-" + "0" * 15 + "1-01"
WIDTH = 110
NESTED = 50  # levels of a body that is written as an object: Python reads 200 brackets within each other

FILE = '''"""{consumer} gave {name} up: {error}.

Letter {id}, of {failed_at}, in the group {group}. The reason was:

    {reason}

GIVEN is what was published about the order before, oldest first; the handler takes what it subscribes to. It passes
once the cause is mended, and what else the handler needs is there.
"""

from functions.{service}.{module} import {registered}
from tests.support.letter_tests import refusal

GIVEN = {given}
BODY = {body}


def test_{queue}_of_{service}_handles_{snake}() -> None:
    assert refusal({registered}, BODY, GIVEN) == ""
'''


def unit_test(letter: Letter, timeline: Sequence[TimelineMessage]) -> str:
    """The text of the file. Raises RefusedError for a letter of a relay, which no handler takes."""
    service, _, queue = letter.consumer.partition("/")
    if queue == "relay":
        raise RefusedError("a relay gave this letter up before any handler was called: there is nothing to test")
    return FILE.format(
        consumer=letter.consumer,
        name=_on_one_line(letter.name) or "an unreadable message",
        error=_on_one_line(letter.error),
        id=letter.id,
        failed_at=letter.failed_at,
        group=letter.fingerprint,
        reason=_on_one_line(letter.reason),
        service=service,
        module=queue,
        registered="topics" if queue == "topics" else "inbox",
        queue=queue,
        snake=re.sub(r"(?<!^)(?=[A-Z])", "_", letter.name).lower() if letter.name.isidentifier() else "it",
        given=_literal(list(_given(letter, timeline))),
        body=_literal(_read(letter.body)),
    )


def _given(letter: Letter, timeline: Iterable[TimelineMessage]) -> Iterable[dict[str, Any]]:
    """The bodies of what was published before, in the newest version; streams count from one."""
    versions: Counter[str] = Counter()
    for message in timeline:
        known = language().get(message.name)
        if known is None or message.id == letter.message_id or message.time > letter.failed_at:
            continue
        versions[message.stream] += 1
        metadata = {
            "id": message.id,
            "name": message.name,
            "version": known.about.version,
            "time": message.time,
            "source": message.source,
            "stream": message.stream,
            "stream_version": versions[message.stream],
            "correlation_id": message.correlation_id,
            "causation_id": message.causation_id,
            "actor": "system",
            "traceparent": TRACE,
        }
        source = {} if known.about.kind is Kind.TIMER else {"source": message.source}
        yield {"detail-type": message.name, **source, "detail": {"metadata": metadata, "data": message.data}}


def _read(body: str) -> Any:
    """An object as such, which is easier to read; any other body as its text, and what no source could hold."""
    try:
        content = json.loads(body)
        json.dumps(content, allow_nan=False)
    except (ValueError, RecursionError):
        return body
    return content if isinstance(content, dict) and _is_within(content, NESTED) else body


def _is_within(value: Any, levels: int) -> bool:
    """Whether objects and arrays are nested no deeper than so many levels."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_within(member, levels - 1) for member in members)


def _literal(value: Any) -> str:
    from pprint import pformat  # only here: an API starts faster without it

    return pformat(value, width=WIDTH, sort_dicts=False)


def _on_one_line(text: str) -> str:
    """A text for a docstring: neither its end nor an escape, and nothing that is not seen."""
    seen = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(seen.replace("\\", "/").replace('"""', "'''").split())[:WIDTH]
