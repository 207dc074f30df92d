"""What operators give to a command, refused by argparse before anything is done."""

import argparse
from datetime import datetime


def at_least_one(text: str) -> int:
    """A whole number from 1. Raises ArgumentTypeError."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return number


def above_zero(text: str) -> float:
    """A number greater than 0. Raises ArgumentTypeError."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not number > 0:  # NaN is neither
        raise argparse.ArgumentTypeError(f"must be greater than 0, not {text!r}")
    return number


def moment(text: str) -> str:
    """A time with its offset from UTC, as it was given. Raises ArgumentTypeError."""
    try:
        if datetime.fromisoformat(text).tzinfo:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"must be a time such as 2026-03-01T12:00:00Z, not {text!r}")
