"""The checker: an independent model of the domain that finds the invariants that a history violates."""

from tests.simulation.check.checker import check

__all__ = ["check"]
