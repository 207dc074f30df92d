"""W3C trace context: what a request brought is in all that follows from it, and where a flow goes on without it."""

import pytest

from events.envelope import Metadata
from tests.flow.robots import PRICES
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.flow.test_robots_stream import a_robot
from tests.support.mall import Mall

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def mall() -> Mall:
    return Mall()


def checks_out(mall: Mall, products: dict[str, str]) -> list[Metadata]:
    """A customer checks out by a request with a trace context; what was published from then on within some minutes."""
    shopper = Shopper(mall).registers().fills_a_basket({next(iter(products.values())): 1}).authorizes_a_payment(500)
    path, paid = f"/api/baskets/{shopper.basket_id}/checkout", {"paymentId": shopper.payment_id}
    before = len(mall.published)
    assert mall.request("PUT", path, paid, {"traceparent": PARENT}, caller=shopper.me).status == 200
    mall.pass_time(200)
    return [envelope.metadata for envelope in mall.published[before:]]


def test_the_trace_of_a_request_is_in_every_message_of_its_flow(mall: Mall) -> None:
    """By table, stream, bus and queues, through the saga's commands and answers, to the robot and the text."""
    products = open_a_store(mall, PRICES)
    bring_a_robot_online(mall)
    published = checks_out(mall, products)
    names = {one.name for one in published}
    assert names >= {"OrderCreated", "AuthorizeCustomer", "CustomerAuthorized", "OrderApproved", "NotificationSent"}
    assert names >= {"ShoppingListAssigned", "BotAssigned", "InvoiceCreated"}
    assert {one.correlation_id for one in published} == {published[0].correlation_id}
    assert {one.traceparent.split("-")[1] for one in published} == {TRACE}
    assert len({one.traceparent for one in published}) == len({one.id for one in published})  # each a span of its own


def test_what_a_robot_reports_over_mqtt_is_of_its_lists_flow_by_the_correlation_id_and_has_a_trace_of_its_own(
    mall: Mall,
) -> None:
    """MQTT carries no context: the gateway keeps the flow of the list that it sent."""
    products = open_a_store(mall, PRICES)
    a_robot(mall)
    published = checks_out(mall, products)
    reported = [one for one in published if one.name == "ReportCollection"]
    assert len(reported) >= 3
    assert {one.correlation_id for one in reported} == {published[0].correlation_id}
    assert TRACE not in {one.traceparent.split("-")[1] for one in reported}
