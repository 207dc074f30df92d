"""Planted bugs of tables that are restored to a point in time."""

from datetime import timedelta
from typing import Any

from functions.kernel.eventstore import epochs
from functions.kernel.eventstore.repository import Repository
from functions.kernel.eventstore.store import DynamoEventStore
from infra.operate import restore_epoch
from tests.simulation import epochs as restored
from tests.simulation.check.epochs import ABOVE, FOLLOWED
from tests.simulation.planted.bug import Bug, Edit, Set


def _just_above(dynamodb: Any, table: str, highest: int, about: str) -> int:
    epochs.open_epoch(DynamoEventStore(dynamodb, table), highest + 1, about)
    return highest + 1


BUGS = (
    Bug(
        "epochs: none is opened",
        "A restored table goes on where it was, with versions and ids that consumers hold.",
        (ABOVE, FOLLOWED),
        (Set(restored, "open_epoch", lambda cloud, table: None),),
    ),
    Bug(
        "epochs: read once for ever",
        "A container that lives on never learns of an epoch.",
        (ABOVE, FOLLOWED),
        (Set(epochs, "KNOWN_FOR", timedelta(days=9)),),
    ),
    Bug(
        "epochs: a lost stream begins at 1",
        "A stream that is lost and created again has the versions that it had.",
        (ABOVE, FOLLOWED),
        (
            Edit(
                Repository._decide,
                "aggregate.floor = floor(runtime.current().store, aggregate.version)",
                "aggregate.floor = 0 if aggregate.is_new else floor(runtime.current().store, aggregate.version)",
            ),
        ),
    ),
    Bug(
        "epochs: the base is what the restored table has",
        "An epoch begins above the versions that are left, and not above those that are lost.",
        (ABOVE, FOLLOWED),
        (Set(restore_epoch, "open_in", _just_above),),
    ),
)
