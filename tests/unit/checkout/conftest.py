"""A desk for each test."""

import pytest

from tests.unit.checkout.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
