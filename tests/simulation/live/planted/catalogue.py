"""All planted bugs of the staff's stream."""

from tests.simulation.live.planted import of_the_client, of_the_server
from tests.simulation.live.planted.bug import ClientBug, ServerBug

BUGS: tuple[ClientBug | ServerBug, ...] = (*of_the_client.BUGS, *of_the_server.BUGS)
