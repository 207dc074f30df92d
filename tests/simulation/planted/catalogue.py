"""All planted bugs."""

from tests.simulation.planted import collecting, delivering, failing, money, reading, sagas, selling, storing
from tests.simulation.planted.bug import Bug

BUGS: tuple[Bug, ...] = (
    *storing.BUGS,
    *delivering.BUGS,
    *failing.BUGS,
    *reading.BUGS,
    *sagas.BUGS,
    *selling.BUGS,
    *collecting.BUGS,
    *money.BUGS,
)
