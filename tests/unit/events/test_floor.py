"""The floor plan: all places can be reached, and a store is always at the same place."""

from itertools import pairwise

import pytest

from events.floor.plan import Kind, plan

FLOOR = plan()


def test_the_mall_has_a_depot_parking_and_some_stores():
    assert FLOOR.nodes[FLOOR.depot].kind is Kind.DEPOT
    assert len(FLOOR.parking) == 4
    assert len(FLOOR.stores) == 12


def test_every_place_is_reached_from_every_other_over_edges_of_the_map():
    for start in FLOOR.nodes:
        for end in FLOOR.nodes:
            way = FLOOR.route(start, end)
            assert (way[0], way[-1]) == (start, end)
            assert [FLOOR.edge(*pair).id for pair in pairwise(way)] == [
                f"{here}:{there}" for here, there in pairwise(way)
            ]


def test_the_way_is_the_shortest():
    assert FLOOR.route("depot", "east-2") == ("depot", "west", "centre", "east", "east-2")
    assert FLOOR.route("depot", "depot") == ("depot",)


def test_an_edge_is_driven_both_ways_and_is_as_long():
    assert FLOOR.edge("depot", "west").length == FLOOR.edge("west", "depot").length == 6


def test_places_that_are_not_neighbours_have_no_edge():
    with pytest.raises(LookupError):
        FLOOR.edge("depot", "east")


@pytest.mark.parametrize(("start", "end"), [("nowhere", "depot"), ("depot", "nowhere")])
def test_a_place_that_is_not_on_the_map_has_no_way(start: str, end: str):
    with pytest.raises(LookupError):
        FLOOR.route(start, end)


@pytest.mark.parametrize("location", ["North 2", " north 2 ", "NORTH 2"])
def test_a_store_is_where_its_location_says_if_the_map_names_it(location: str):
    assert FLOOR.node_of("any", location) == "north-2"


def test_another_store_is_always_at_the_same_place_and_many_are_spread():
    assert FLOOR.node_of("store-1", "Level 3") == FLOOR.node_of("store-1", "") == "north-4"
    assert {FLOOR.node_of(f"store-{each}", "Level 3") for each in range(200)} == set(FLOOR.stores)


def test_depot_and_parking_are_no_place_of_a_store():
    assert FLOOR.node_of("store-1", "Depot") in FLOOR.stores
