"""The catalogue of all planted bugs."""

from tests.simulation.planted import (
    access,
    baskets_and_orders,
    depot,
    epochs,
    event_store,
    failures,
    long_days,
    messaging,
    operations,
    payments,
    personal_data,
    personal_keys,
    personal_leads,
    read_models,
    robots_stream,
    sagas,
    what_is_asked,
)
from tests.simulation.planted.bug import Bug

BUGS: tuple[Bug, ...] = (
    *access.BUGS,
    *event_store.BUGS,
    *messaging.BUGS,
    *operations.BUGS,
    *failures.BUGS,
    *read_models.BUGS,
    *sagas.BUGS,
    *baskets_and_orders.BUGS,
    *depot.BUGS,
    *epochs.BUGS,
    *robots_stream.BUGS,
    *payments.BUGS,
    *personal_keys.BUGS,
    *personal_data.BUGS,
    *personal_leads.BUGS,
    *long_days.BUGS,
    *what_is_asked.BUGS,
)
