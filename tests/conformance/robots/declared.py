"""Where the cases against a robot are declared."""

from tests.conformance.gateway import PlayedGateway
from tests.conformance.kit import Cases

ROBOT_CASES: Cases[PlayedGateway] = Cases("robot", {})
case = ROBOT_CASES
