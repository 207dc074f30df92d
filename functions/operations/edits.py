"""An edited letter: another message in the place of one that its consumer cannot take, with other data alone.

It is a message of its own: with an id of its own, caused by the original, its actor the operator; and a letter of its
own, open, that is sent back like any other. What the message is about stays: its key, its stream and version, its flow.

Three rows are written in turn, and each may be the last before a crash: the edited letter, put aside; the original,
done; the edited letter, open. The same request does what is missing.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from events.envelope import Envelope
from events.registry import Message, language
from functions.kernel.domain.errors import (
    ConcurrencyError,
    InvalidError,
    KeyReusedError,
    RefusedError,
    StaleError,
)
from functions.kernel.messaging.record import envelope, read_body
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import clock, context, ids
from functions.kernel.runtime.json_text import compact
from functions.operations import rows
from functions.operations.fingerprints import fingerprint
from functions.operations.forms import ORDER_IDS
from functions.operations.letters import DONE, OPEN, PARKED, Letter, letter_id
from functions.operations.transitions import EDITED

CUSTOMER_ID = "customer_id"
IN_PLACE_OF = "made by an edit of"


def edit(id: str, data: Mapping[str, Any]) -> Letter:
    """Put a letter with other data in the place of one, and return it. Once for each Idempotency-Key, or for each data.

    Raises NotFoundError, InvalidError for data that do not fit the message's newest version or are about another thing,
    RefusedError for a letter that cannot be edited, KeyReusedError.
    """
    working = context.current()
    original = rows.letter(id)
    if working.expected_versions is not None:
        raise StaleError("an edited letter is a new one: it has no version yet")
    text = compact(dict(data))
    key = [working.cause.id] if working.cause else [text, *_opening(original)]
    message_id = ids.derive(original.message_id, EDITED, *key)
    digest = working.cause.digest if working.cause else ids.derive(text)
    made = rows.find(letter_id(original.consumer, message_id))
    if made is None:
        _must_be_editable(original)
        made = _put(_made(original, message_id, data, digest))
    if made.history[0].detail.rpartition(" ")[2] != digest:
        raise KeyReusedError("Idempotency-Key: it was used for another request")
    rows.change(original.id, lambda letter: _replaced(letter, message_id))
    working.version = 1
    return rows.change(made.id, lambda letter: letter.after(OPEN, state=OPEN) if is_being_made(letter) else letter)


def previewed(original: Letter, data: Mapping[str, Any]) -> str:
    """The body of the message that an edit would send; nothing is stored. Raises InvalidError, RefusedError."""
    _must_be_editable(original)
    message_id = ids.derive(original.message_id, EDITED, compact(dict(data)))
    return _made(original, message_id, data, "").body


def _opening(original: Letter) -> list[str]:
    """What tells an edit with the same data apart, once the letter is open again after an edit: it is sent anew."""
    edits = sum(one.what == EDITED for one in original.history)
    before = edits - 1 if original.state == DONE and original.sent_as else edits
    return [str(before)] if before > 0 else []


def _made(original: Letter, message_id: str, data: Mapping[str, Any], digest: str) -> Letter:
    """The letter of the edited message, put aside until the original is done."""
    content, message = _read(original)
    model = _model(message)
    metadata = message.metadata.model_copy(
        update={
            "id": message_id,
            "version": model.about.version,
            "causation_id": original.message_id,
            "actor": context.current().actor,
        }
    )
    detail = Envelope(metadata=metadata, data=_valid(model, message, data)).detail()
    actor = context.current().actor
    made = Letter(
        id=letter_id(original.consumer, message_id),
        consumer=original.consumer,
        queue=original.queue,
        body=json.dumps({**content, "detail": {**content["detail"], **detail}}),
        message_id=message_id,
        name=metadata.name,
        version=metadata.version,
        stream=original.stream,
        stream_version=original.stream_version,
        correlation_id=original.correlation_id,
        causation_id=original.message_id,
        order=original.order,
        fifo_group=original.fifo_group,
        reason=original.reason,
        error=original.error,
        first_received=original.first_received,
        failed_at=original.failed_at,
        stored_at=clock.stamp(),
        open_since=clock.stamp(),
        code=original.code,
        state=PARKED,
    )
    grouped = replace(made, fingerprint=fingerprint(made.consumer, made.name, made.error, made.reason))
    return grouped.after(IN_PLACE_OF, actor, f"{original.id} {digest}")


def _must_be_editable(letter: Letter) -> None:
    if letter.state not in (OPEN, PARKED):
        edited = f", and was edited as the message {letter.sent_as}" if letter.sent_as else ""
        raise RefusedError(
            f"the letter is {letter.state}{edited}: only one that is open or parked is edited", letter.state
        )
    if letter.consumer.endswith("/relay"):
        raise RefusedError("a relay gave it up: it is history, and is published as it is or not at all", letter.state)
    if not letter.message_id:
        raise RefusedError("it holds no message of the published language", letter.state)


def _read(letter: Letter) -> tuple[dict[str, Any], Envelope]:
    try:
        content = read_body(letter.body)
        if "detail" not in content:
            raise RefusedError("it is the tick of a schedule, which has no data", letter.state)
        return content, envelope(content)
    except UndeliverableError as error:
        raise RefusedError(f"it cannot be read: {error}", letter.state) from error


def _model(message: Envelope) -> type[Message]:
    name = message.metadata.name
    if name not in language():
        raise RefusedError(f"this code knows no message {name}: it cannot say what is valid")
    return language()[name]


def _valid(model: type[Message], message: Envelope, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data as the newest version of the message has them; other fields are left out. Raises InvalidError.

    The key of a message is not edited: it says what the message is about, and stream and version would be another's.
    Nor is whose it is: the order and the customer that it names.
    """
    try:
        valid = model.model_validate(dict(data), extra="ignore").model_dump(mode="json")
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'data'}: {e['msg']}" for e in error.errors()[:5])
        raise InvalidError(f"data: it is no {model.about.name} version {model.about.version}: {places}") from error
    for name in (model.about.key, *ORDER_IDS, CUSTOMER_ID):
        before = message.data.get(name)
        if before is not None and valid.get(name) != before:
            raise InvalidError(f"data: {name} says what the message is about, and stays {before!r}")
    return valid


def _put(made: Letter) -> Letter:
    try:
        return rows.put(made)
    except ConcurrencyError:  # the same request, at the same time
        found = rows.find(made.id)
        if found is None:
            raise
        return found


def _replaced(letter: Letter, message_id: str) -> Letter:
    """The original, done. Raises RefusedError where something else became of it meanwhile."""
    if letter.sent_as == message_id:
        return letter
    _must_be_editable(letter)
    return letter.after(EDITED, context.current().actor, message_id, state=DONE, sent_as=message_id)


def is_being_made(letter: Letter) -> bool:
    """Whether it is an edited letter whose original is not done yet: an operator who puts one aside leaves a reason."""
    return letter.state == PARKED and [one.what for one in letter.history] == [IN_PLACE_OF]
