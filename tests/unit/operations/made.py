"""Letters that tests make."""

from dataclasses import replace

from functions.operations.letters import Letter, letter_id

ID = "0123456789abcdef"  # of the group that they are in


def made(number: int = 1, consumer: str = "depot/inbox", **fields: object) -> Letter:
    """A letter that was opened at a minute of its own."""
    letter = Letter(
        id=letter_id(consumer, f"message-{number}"),
        consumer=consumer,
        queue=f"{consumer}/dead-letters",
        body=f'{{"number": {number}}}',
        message_id=f"message-{number}",
        name="OrderApproved",
        order=f"order-{number}",
        reason="the shelf is gone",
        error="RuntimeError",
        failed_at=f"2026-03-01T12:{number:02}:00.000000Z",
        open_since=f"2026-03-01T12:{number:02}:00.000000Z",
        fingerprint=ID,
    )
    return replace(letter, **fields)  # type: ignore[arg-type]  # by their names
