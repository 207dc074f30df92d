"""The checker: an independent, small model of what a history must show. It knows the domain page, and no code."""

from tests.simulation.check.checker import check

__all__ = ["check"]
