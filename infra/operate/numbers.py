"""The numbers that operators give to a command, refused by argparse before anything is done."""

import argparse


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
