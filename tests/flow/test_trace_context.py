"""W3C trace context: what a request brought is in all that follows from it, to a robot and back."""

import pytest

from events.envelope import Metadata
from tests.flow.robots import PRICES
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.flow.test_robots_stream import a_robot
from tests.support.mall import Mall

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ROBOTS_WORK = ("ShoppingListAssigned", "BotAssigned", "ReportCollection", "ShoppingListCompleted", "BotFinished")


@pytest.fixture
def mall() -> Mall:
    return Mall()


def trace_of(traceparent: str) -> str:
    return traceparent.split("-")[1]


def checks_out(mall: Mall, products: dict[str, str], trace: str = TRACE, seconds: float = 200) -> list[Metadata]:
    """A customer checks out by a request with a trace context; what was published within so many seconds."""
    shopper = Shopper(mall).registers().fills_a_basket({next(iter(products.values())): 1}).authorizes_a_payment(500)
    path, paid = f"/api/baskets/{shopper.basket_id}/checkout", {"paymentId": shopper.payment_id}
    headers, before = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}, len(mall.published)
    assert mall.request("PUT", path, paid, headers, caller=shopper.me).status == 200
    mall.pass_time(seconds)
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
    assert {trace_of(one.traceparent) for one in published} == {TRACE}
    assert len({one.traceparent for one in published}) == len({one.id for one in published})  # each a span of its own


def test_what_a_robot_reports_over_mqtt_is_of_the_flow_and_the_trace_of_its_list(mall: Mall) -> None:
    """The gateway keeps both for the list that it sent, so a robot that knows nothing of traces loses none."""
    products = open_a_store(mall, PRICES)
    a_robot(mall)
    published = checks_out(mall, products)
    reported = [one for one in published if one.name == "ReportCollection"]
    assert len(reported) >= 3
    assert {one.correlation_id for one in reported} == {published[0].correlation_id}
    assert {trace_of(one.traceparent) for one in published if one.name in ROBOTS_WORK} == {TRACE}
    assert len({one.traceparent for one in reported}) == len({one.id for one in reported})


def test_a_robot_is_told_with_its_order_which_message_gave_it_the_list(mall: Mall) -> None:
    products = open_a_store(mall, PRICES)
    robot = a_robot(mall)
    published = checks_out(mall, products)
    [assigned] = {one.traceparent for one in published if one.name == "BotAssigned"}
    told = [one.properties for one in mall.broker.published if (one.robot, one.kind) == (robot.id, "order")]
    assert told
    assert {one["traceparent"] for one in told} == {assigned}
    assert trace_of(assigned) == TRACE


def test_the_work_for_an_order_that_waited_for_a_robot_is_of_its_own_trace(mall: Mall) -> None:
    """The end of the order before leads to the assignment, and that is of another trace."""
    products = open_a_store(mall, PRICES)
    a_robot(mall)
    first = checks_out(mall, products, "a" * 32, 1)
    second = checks_out(mall, products, "b" * 32, 400)
    flows = {published[0].correlation_id: trace for published, trace in ((first, "a" * 32), (second, "b" * 32))}
    work = [one for one in [*first, *second] if one.name in ROBOTS_WORK]
    assert {(one.name, one.correlation_id) for one in work} == {(name, flow) for name in ROBOTS_WORK for flow in flows}
    assert {trace_of(one.traceparent) == flows[one.correlation_id] for one in work} == {True}
