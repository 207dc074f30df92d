"""The timeline of a schedule as text: requests, commits, messages, faults and retries."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from tests.simulation.history import Entry

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{4}([0-9a-f]{8})")
OF_QUEUES = ("routed", "received", "deleted", "sent", "postponed")
DETAILS = frozenset({*OF_QUEUES, "row", "vault", "told", "stream", "invocation", "ended", "published", "refused"})
FAULTS = ("fault", "away", "back", "quiet")


def timeline(history: Iterable[Entry], about: Collection[str] = (), *, everything: bool = False) -> Iterator[str]:
    """A line for each entry, with the seconds since the beginning.

    about: only entries that contain one of these ids (and all faults). everything: also those of queues, streams and
    read models.
    """
    shown: set[str] = set()  # requests whose responses are shown too
    for at_us, kind, fields in history:
        is_detail = kind in DETAILS and not (kind == "ended" and fields["how"] != "ok")
        if is_detail and not everything:
            continue
        if about and kind not in FAULTS and fields.get("id") not in shown and not _contains(fields, about):
            continue
        if kind == "request":
            shown.add(fields["id"])
        yield f"{at_us / 1_000_000:12.6f}  {kind:<10}  {short(_TEXTS.get(kind, _plain)(fields))}"


def short(text: str) -> str:
    """A text with ids cut to their ends, which are unique in a schedule."""
    return UUID.sub(r"…\1", text)


def _contains(fields: dict[str, Any], about: Collection[str]) -> bool:
    text = json.dumps(fields, default=str)
    return any(part in text for part in about)


def _request(fields: dict[str, Any]) -> str:
    key = f"  key {fields['key']!r}" if fields["key"] else ""
    match = f"  If-Match {fields['if_match']}" if fields.get("if_match") else ""
    body = f"  {json.dumps(fields['body'])}" if fields["body"] else ""
    return f"{fields['id']} {fields['who']}: {fields['method']} {fields['path']}{body}{key}{match}"


def _response(fields: dict[str, Any]) -> str:
    status = "no response" if fields["status"] is None else fields["status"]
    body = fields.get("body")
    detail = body.get("detail", body) if isinstance(body, dict) else body
    return f"{fields['id']} {status}  {json.dumps(detail) if detail else ''}".rstrip()


def _commit(fields: dict[str, Any]) -> str:
    item = fields["item"]
    events = [f"{name}{_data(data)}" for name, _, data in json.loads(item["events"]["S"])]
    sent = [message["detail"]["metadata"] for message in json.loads(item.get("messages", {"S": "[]"})["S"])]
    messages = ", ".join(f"{metadata['name']} {metadata['id']}" for metadata in sent)
    cause = f"  because of {item['cause']['S']}" if "cause" in item else ""
    where = f"{fields['table']} {item['stream']['S']} {item['version']['N']}"
    return f"{where}: {', '.join(events)}{f'  → {messages}' if messages else ''}{cause}  [{fields.get('container')}]"


def _data(data: dict[str, Any]) -> str:
    shown = {name: value for name, value in data.items() if isinstance(value, int | str | bool) and name != "at"}
    return f"({', '.join(f'{name}={value}' for name, value in shown.items())})" if shown else ""


def _row(fields: dict[str, Any]) -> str:
    return f"{fields['table']} {' / '.join(map(str, fields['key']))}"


def _published(fields: dict[str, Any]) -> str:
    metadata = fields["detail"]["metadata"]
    return f"{metadata['name']} {metadata['id']} of {metadata['stream']} {metadata['stream_version']}"


def _dead(fields: dict[str, Any]) -> str:
    reason = fields.get("reason") or {}
    why = reason.get("reason", reason) if isinstance(reason, dict) else reason
    return f"{_name_in(fields.get('body', ''))} in {fields['queue']}, by {fields.get('by')}: {why}"


def _name_in(body: str) -> str:
    try:
        content = json.loads(body)
    except ValueError:
        return "an unreadable message"
    return str(content.get("detail-type", "a message")) if isinstance(content, dict) else "a message"


def _fault(fields: dict[str, Any]) -> str:
    return f"{fields['number']}. {fields['name']} at {fields['where']}"


def _mqtt(fields: dict[str, Any]) -> str:
    topic = f"  {'/'.join(fields['topic'].split('/')[-2:])}" if "topic" in fields else ""
    about = json.loads(fields["payload"]) if "payload" in fields else {}
    actions = [f"{one['actionType']} {one['actionId']}" for one in about.get("actions", ())]
    return f"{fields['what']} {fields.get('number', '')}{topic}  {about.get('orderId', '')}{', '.join(actions)}"


def _plain(fields: dict[str, Any]) -> str:
    return "  ".join(f"{name} {value}" for name, value in fields.items() if name != "body")


_TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "request": _request,
    "response": _response,
    "commit": _commit,
    "row": _row,
    "published": _published,
    "dead": _dead,
    "fault": _fault,
    "mqtt": _mqtt,
}
