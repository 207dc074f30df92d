"""All cases against a robot."""

from tests.conformance.robots import (
    acting,
    blocking,
    cancelling,
    connecting,
    ordering,
    refusing,
    repeating,
    reporting,
    timing,
    updating,
)
from tests.conformance.robots.declared import ROBOT_CASES

__all__ = [
    "ROBOT_CASES",
    "acting",
    "blocking",
    "cancelling",
    "connecting",
    "ordering",
    "refusing",
    "repeating",
    "reporting",
    "timing",
    "updating",
]
