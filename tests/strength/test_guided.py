"""The order of seeds by what they reach, and what it is worth."""

from tests.strength.guided import Reached, compared, effort, guided, interval

A, B, C = ("lost", "paid"), ("late", "paid"), ("lost", "cancelled")
SEEDS = {
    1: Reached(frozenset({A}), 1.0),
    2: Reached(frozenset({A, B}), 1.0),
    3: Reached(frozenset({C}), 1.0),
    4: Reached(frozenset({A, B, C}), 10.0),
}


def test_each_seed_adds_the_most_for_its_time_and_then_it_begins_anew() -> None:
    assert guided(SEEDS) == [2, 3, 1, 4]


def test_the_effort_is_all_that_runs_until_a_mutant_is_noticed() -> None:
    assert effort([2, 3, 1, 4], {1, 4}, SEEDS) == (3, 3.0)


def test_an_order_that_notices_at_once_is_faster_than_chance() -> None:
    line = compared([{2}, {2, 3}], SEEDS, 1)
    assert (line["mutants"], line["guided_schedules"], line["guided_cpu"]) == (2, 1.0, 1.0)
    assert line["times_faster"] > 1
    assert line["from"] <= line["times_faster"] <= line["to"]


def test_the_interval_of_mutants_that_agree_is_a_point_and_else_lies_between_them() -> None:
    assert interval([(3.0, 2.0), (6.0, 4.0)], 1) == (1.5, 1.5)
    low, high = interval([(1.0, 1.0), (3.0, 1.0)] * 10, 1)
    assert 1.3 < low < 2 < high < 2.7
