"""The identities of robots: certificates for signing requests, and their revocation, as the port defines them."""

from tests.simulation.iot.broker import Broker
from tests.simulation.sdk import Caller, World


class SimulatedIdentities:
    """One container's client."""

    def __init__(self, broker: Broker, world: World, caller: Caller) -> None:
        self._broker, self._world, self._caller = broker, world, caller
