"""Forecasts of letters against the simulated cloud: none is wrong, and none writes."""

import pytest

from tests.simulation.forecasts import ForecastedSchedule
from tests.simulation.forecasts_under_faults import UnderFaults


@pytest.mark.parametrize("seed", [3, 4])  # others take up to 200 s of CPU: their redrives take longer
def test_no_forecast_of_a_schedule_is_wrong(seed: int) -> None:
    compared = ForecastedSchedule(seed, set()).compare()
    assert compared.false_passes == []
    assert compared.false_failures == []
    assert compared.answers.total() >= 20
    assert compared.answers["passes"] >= 5
    assert compared.answers["fails"] + compared.answers["waits"] >= 5


def test_no_forecast_that_is_made_while_faults_strike_and_customers_go_on_is_false() -> None:
    schedule = UnderFaults(2)
    compared = schedule.compare()
    assert (compared.false_passes, compared.false_failures) == ([], [])
    assert compared.answers.total() >= 20
    assert compared.answers["passes"] >= 5
    assert compared.answers["fails"] + compared.answers["waits"] >= 5
    assert schedule.faults.fired.total() >= 20
