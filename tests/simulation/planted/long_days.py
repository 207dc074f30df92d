"""Planted bugs that only outages of minutes or hours show."""

from functions.kernel.messaging import retry
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.redelivery import Redelivery
from functions.kernel.runtime import budget
from tests.simulation.check.delivery import DEAD_LETTER_REASON
from tests.simulation.check.failures import ENDS_ITSELF
from tests.simulation.check.outages import NO_HAND
from tests.simulation.check.poison import IN_TURN
from tests.simulation.planted.bug import Bug, Edit, Retemplate, Set

BUGS = (
    Bug(
        "an outage taken for an error of ours",
        "A message whose error may pass is dead-lettered at its eighth receive.",
        (DEAD_LETTER_REASON,),
        (Edit(retry._patience, "return TRANSIENT_FOR", "return 0"),),
        long_days=True,
    ),
    Bug(
        "patience of an hour",
        "A message whose error may pass is dead-lettered after an hour.",
        (DEAD_LETTER_REASON,),
        (Set(retry, "TRANSIENT_FOR", 3_600),),
        long_days=True,
    ),
    Bug(
        "eight receives by the queue",
        "The redrive policy of a queue dead-letters a message that its function was throttled for eight times.",
        (DEAD_LETTER_REASON,),
        (Retemplate("queues", "max_receives", 8),),
        long_days=True,
    ),
    Bug(
        "five retries of a stream",
        "A batch of a stream is given up after five retries.",
        (NO_HAND,),
        (Retemplate("streams", "retries", 5),),
        long_days=True,
    ),
    Bug(
        "dead letter without its group",
        "A hint that the dispatcher gives up cannot be dead-lettered, and holds up all behind it.",
        (IN_TURN,),
        (Edit(Redelivery._failed, "group=FIFO_GROUP", 'group=""'),),
        long_days=True,
    ),
    Bug(
        "batch does not stop in time",
        "A batch begins messages and calls that it has no time for, until its function times out.",
        (ENDS_ITSELF,),
        (
            Edit(Inbox._in_turn, "position and budget.left() < needed", "False"),
            Edit(budget.check, "left() < seconds + RESERVE", "False"),
        ),
        long_days=True,
    ),
)
