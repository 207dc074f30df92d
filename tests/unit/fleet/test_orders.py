"""From a shopping list to an order of the robots' standard."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import combinations, cycle, islice, pairwise

import pytest

from events.floor.plan import Kind, plan
from events.vda5050.collecting import MOST_ACTIONS, MOST_BYTES
from events.vda5050.graph import fault
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Order
from events.vda5050.text import read, to_bytes
from functions.fleet import orders
from functions.fleet.factsheets import LONGEST_ID, LONGEST_MESSAGE, MOST_NODES, MOST_PARAMETERS
from functions.fleet.orders import Line, drop_id, line_of
from functions.fleet.reports import Visit

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORDER = "0b9f2ff4-34b2-4d0e-9d8f-0f4f0a6f1e11.3"
VISITS = (Visit("store-1", "Level 2", (("product-1", 2), ("product-2", 1))), Visit("store-2", "", (("product-3", 5),)))


def made(visits: tuple[Visit, ...] = VISITS, start: str = "parking-1", header_id: int = 7) -> Order:
    return orders.order("ajax", ORDER, visits, start=start, header_id=header_id, at=NOON, floor=plan())


def test_it_is_one_path_from_where_the_robot_is_to_the_depot_all_released() -> None:
    order = made()
    assert fault(order) is None
    assert (order.nodes[0].node_id, order.nodes[-1].node_id) == ("parking-1", plan().depot)
    assert all(part.released for part in order.path)
    assert [edge.edge_id for edge in order.edges] == [
        plan().edge(here.node_id, there.node_id).id
        for here, there in zip(order.nodes[:-1], order.nodes[1:], strict=True)
    ]


def test_it_collects_each_line_at_its_store_and_drops_all_at_the_depot() -> None:
    order = made()
    at_stores = [(node.node_id, a.action_type) for node in order.nodes for a in node.actions]
    first, second = (plan().node_of(visit.store_id, visit.location) for visit in VISITS)
    assert at_stores == [(first, "collect"), (first, "collect"), (second, "collect"), (plan().depot, "drop")]
    collects = [(a.parameter("storeId"), a.parameter("productId"), a.parameter("quantity")) for a in order.actions()]
    assert collects[:3] == [("store-1", "product-1", 2), ("store-1", "product-2", 1), ("store-2", "product-3", 5)]
    assert [action.retriable for action in order.actions()] == [None, None, None, True]


def test_it_is_readable_and_names_list_and_assignment() -> None:
    order = read(Order, to_bytes(made()))
    assert (order.order_id, order.order_update_id, order.header_id, order.serial_number) == (ORDER, 0, 7, "ajax")
    assert order.timestamp == "2026-03-01T12:00:00.000Z"


def test_the_same_list_makes_the_same_order_again() -> None:
    assert made(header_id=8).model_copy(update={"header_id": 7}) == made()


def test_a_robot_that_stands_at_the_store_or_at_the_depot_begins_there() -> None:
    store = plan().node_of("store-1", "Level 2")
    assert [a.action_type for a in made(start=store).nodes[0].actions] == ["collect", "collect"]
    assert made(start=plan().depot).nodes[0].node_id == plan().depot


def test_two_stores_at_one_node_are_one_visit() -> None:
    one, other = (Visit("store-1", "Level 2", (("a", 1),)), Visit("store-1", "Level 2", (("b", 1),)))
    order = made((one, other))
    assert [len(node.actions) for node in order.nodes if node.actions] == [2, 1]


@pytest.mark.parametrize(
    ("kind", "target", "about"),
    [
        ("cancelOrder", ORDER, {"orderId": ORDER}),
        ("cancelOrder", "", None),  # a robot that works on an order without an id
        ("retry", "drop-1", {"actionId": "drop-1"}),
        ("startPause", "", None),
    ],
)
def test_an_instant_action_names_what_it_is_about_and_leaves_out_what_has_no_name(
    kind: str, target: str, about: dict[str, str] | None
) -> None:
    message = orders.instant_actions("ajax", [("id-1", kind, target)], header_id=0, at=NOON)
    [action] = read(InstantActions, to_bytes(message)).actions
    parameters = action.action_parameters
    assert (None if parameters is None else {each.key: each.value for each in parameters}) == about


def test_a_robot_that_is_not_on_the_map_gets_no_order() -> None:
    with pytest.raises(LookupError):
        made(start="the cellar")


LABELS = tuple(plan().nodes[store].label for store in plan().stores)


def listed(locations: Iterable[str]) -> list[Visit]:
    """A visit of one line at each of the locations, by ids and numbers as long as the mall's are."""
    return [
        Visit(f"{n:08x}-0000-4000-8000-000000000000", location, ((f"{n:08x}-0000-4000-9000-000000000000", 999),))
        for n, location in enumerate(locations)
    ]


def longest(locations: Iterable[str], start: str) -> Order:
    """The order of a list of 100 lines in turns at these locations, for a robot that has had it 9,999 times."""
    lines = listed(islice(cycle(locations), MOST_ACTIONS))
    visits = orders.along_the_floor(lines, plan())
    robot, order_id = "0b9f2ff4-34b2-4d0e-9d8f-0f4f0a6f1e12", f"{ORDER.partition('.')[0]}.9999"
    return orders.order(robot, order_id, visits, start=start, header_id=999_999, at=NOON, floor=plan())


@pytest.mark.parametrize("start", plan().nodes)
def test_an_order_of_a_line_at_every_store_and_99_more_fits_into_a_message(start: str) -> None:
    order = longest(LABELS, start)
    assert sum(action.action_type == "collect" for action in order.actions()) == MOST_ACTIONS
    assert {node.node_id for node in order.nodes if node.actions} == {*plan().stores, plan().depot}
    assert len(to_bytes(order)) < LONGEST_MESSAGE < MOST_BYTES


@pytest.mark.parametrize("pair", tuple(combinations(LABELS, 2)), ids=" and ".join)
def test_an_order_of_a_hundred_lines_in_turns_at_two_stores_fits_into_a_message(pair: tuple[str, str]) -> None:
    order = longest(pair, plan().depot)
    assert len(to_bytes(order)) < LONGEST_MESSAGE
    assert len([node for node in order.nodes if node.actions]) == 3, "each store once, and the depot"


def test_what_a_factsheet_must_allow_is_what_the_longest_orders_take() -> None:
    made = [longest(LABELS, start) for start in plan().nodes]
    assert max(len(order.nodes) for order in made) == MOST_NODES
    actions = [action for order in made for action in order.actions()]
    assert max(len(action.action_id) for action in actions) in (LONGEST_ID - 1, LONGEST_ID)
    assert max(len(action.action_parameters or ()) for action in actions) == MOST_PARAMETERS
    [one] = [node for node in longest([LABELS[0]], "depot").nodes if len(node.actions) > 1]
    assert len(one.actions) == MOST_ACTIONS


class TestTheOrderOfVisits:
    def test_is_that_of_the_floor_whatever_the_customer_named_first(self) -> None:
        lines = listed(LABELS)
        assert orders.along_the_floor(lines[::-1], plan()) == lines
        assert orders.along_the_floor(lines[::2] + lines[1::2], plan()) == lines

    def test_stays_the_customers_at_one_node(self) -> None:
        lines = listed(["North 2", "North 1", "North 2", "North 1"])
        assert orders.along_the_floor(lines, plan()) == [lines[1], lines[3], lines[0], lines[2]]

    def test_takes_no_longer_way_than_the_customers_own(self) -> None:
        lines = listed(["South 4", "North 1", "East 2", "South 1"])
        assert way(orders.along_the_floor(lines, plan())) < way(lines)

    def test_is_not_judged_again_when_an_order_is_made_for_one_may_be_under_way(self) -> None:
        order = made(tuple(listed(["South 4", "North 1"])))
        assert [node.node_id for node in order.nodes if node.actions] == ["south-4", "north-1", "depot"]


def way(visits: list[Visit]) -> float:
    """How far it is, in metres."""
    nodes = [node.node_id for node in made(tuple(visits)).nodes]
    return sum(plan().edge(here, there).length for here, there in pairwise(nodes))


def test_every_store_can_be_reached_from_everywhere() -> None:
    for start, place in plan().nodes.items():
        if place.kind is not Kind.STORE:
            assert fault(made(start=start)) is None


class TestTheIdOfAnAction:
    def test_says_what_it_is_for(self) -> None:
        ids = [action.action_id for action in made().actions()]
        assert [line_of(ORDER, id) for id in ids] == [
            Line("store-1", "product-1", 2),
            Line("store-1", "product-2", 1),
            Line("store-2", "product-3", 5),
            None,
        ]
        assert ids[-1] == drop_id(ORDER)

    def test_may_hold_ids_of_any_text(self) -> None:
        order = made((Visit("a:b/ü", "", (("c d:%", 1),)),))
        assert line_of(ORDER, order.actions()[0].action_id) == Line("a:b/ü", "c d:%", 1)

    @pytest.mark.parametrize("id", ["", "drop", "other.1:store:product:2", f"{ORDER}:a:b", f"{ORDER}:a:b:two", ORDER])
    def test_that_is_anothers_says_nothing(self, id: str) -> None:
        assert line_of(ORDER, id) is None


class TestInstantActions:
    @pytest.mark.parametrize(
        ("kind", "parameters"),
        [
            ("cancelOrder", {"orderId": "about"}),
            ("retry", {"actionId": "about"}),
            ("skipRetry", {"actionId": "about"}),
            ("startPause", {}),
        ],
    )
    def test_each_names_what_it_is_about(self, kind: str, parameters: dict[str, str]) -> None:
        [action] = orders.instant_actions("ajax", [("id-1", kind, "about")], header_id=3, at=NOON).actions
        assert (action.action_id, action.action_type, action.blocking_type) == ("id-1", kind, "NONE")
        assert {each.key: each.value for each in action.action_parameters or ()} == parameters
