"""Faulty robots: our own with one fault each, which the case that is named must find."""

from tests.conformance.faulty import obeying, reporting
from tests.conformance.faulty.planting import ROBOT_FAULTS

__all__ = ["ROBOT_FAULTS", "obeying", "reporting"]
