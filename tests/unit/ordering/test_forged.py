"""Messages that others than their publishers sent change no order."""

import json
from typing import Any

import pytest

from events.checkout import ApproveOrder
from functions.kernel.runtime.runtime import Runtime
from functions.ordering import service
from functions.ordering.inbox import inbox
from tests.support.delivery import delivered
from tests.support.handling import dead_letters_of
from tests.unit.ordering.mall import CHECKED_OUT, PAID, collected, deliver


def paid(**changes: Any) -> dict[str, Any]:
    """InvoicePaid of the order, with these members of its body changed, or absent where they are None."""
    event = delivered(PAID)
    body = {**json.loads(event["Records"][0]["body"]), **changes}
    event["Records"][0]["body"] = json.dumps({name: value for name, value in body.items() if value is not None})
    return event


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ({"source": "mallbots.stores"}, "InvoicePaid is published by mallbots.payments, not by mallbots.stores"),
        ({"source": "mallbots.depot"}, "InvoicePaid is published by mallbots.payments, not by mallbots.depot"),
        ({"source": None}, "InvoicePaid did not come over the bus"),
        ({"detail-type": "PaymentAccepted"}, "InvoicePaid was sent under another name: PaymentAccepted"),
    ],
    ids=["from stores", "from depot, whose source the rule matches", "into the queue", "as a worker's reply"],
)
def test_a_forged_invoice_paid_from_stores_completes_no_order_that_was_not_paid(
    runtime: Runtime, forged: dict[str, Any], why: str
) -> None:
    for message in (CHECKED_OUT, ApproveOrder(order_id="order-1", shopping_list_id="order-1"), collected()):
        deliver(message)
    assert inbox.handle(paid(**forged)) == {"batchItemFailures": []}
    order = service.order("order-1")
    assert (order.status, order.paid) == ("ready", False)
    assert [reason["reason"] for _, reason in dead_letters_of(runtime)] == [why]
    assert inbox.handle(paid()) == {"batchItemFailures": []}
    assert service.order("order-1").status == "completed"
