"""Where the cases against a robot are declared."""

from tests.conformance.gateway import PlayedGateway
from tests.conformance.kit import Cases

case: Cases[PlayedGateway] = Cases("robot", {})
