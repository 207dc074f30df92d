"""Faulty gateways: our own with one fault each, which the case that is named must find."""

from tests.conformance.faulty import sending, understanding
from tests.conformance.faulty.planting_gateways import GATEWAY_FAULTS

__all__ = ["GATEWAY_FAULTS", "sending", "understanding"]
