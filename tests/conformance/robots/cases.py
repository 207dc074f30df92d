"""All cases against a robot."""

from tests.conformance.robots import (
    acting,
    cancelling,
    connecting,
    ordering,
    refusing,
    repeating,
    reporting,
    updating,
)
from tests.conformance.robots.declared import ROBOT_CASES

__all__ = [
    "ROBOT_CASES",
    "acting",
    "cancelling",
    "connecting",
    "ordering",
    "refusing",
    "repeating",
    "reporting",
    "updating",
]
