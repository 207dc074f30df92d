"""Where the cases against the gateway are declared."""

from tests.conformance.gateways.bench import Bench
from tests.conformance.kit import Cases

GATEWAY_CASES: Cases[Bench] = Cases("gateway", {})
case = GATEWAY_CASES
