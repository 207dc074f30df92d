"""Numbers that are written in different ways."""

import pytest

from functions.customers.numbers import normalized

LONDON = [
    "+442079460000",
    "+44 20 7946 0000",
    "+44 (0)20 7946 0000",
    "0044 20 7946-0000",
    " 0044.20.7946.0000 ",
    "+44/20/79460000",
    "+44\u00a020\u20117946\u20110000",
    "＋４４２０７９４６００００",
]


@pytest.mark.parametrize("written", LONDON)
def test_one_number_has_one_form_however_it_is_written(written: str) -> None:
    assert normalized(written) == "+442079460000"


@pytest.mark.parametrize(
    "other", ["+442079460001", "2079460000", "02079460000", "(0)20 7946 0000", "01144 20 79460000"]
)
def test_another_number_and_a_national_one_have_another_form(other: str) -> None:
    assert normalized(other) not in {normalized(written) for written in LONDON}


@pytest.mark.parametrize(
    ("written", "form"), [("020 7946", "0207946"), ("(0)20 7946", "0207946"), ("555-0100", "5550100")]
)
def test_a_national_number_is_compared_by_its_digits(written: str, form: str) -> None:
    assert normalized(written) == form


@pytest.mark.parametrize(
    ("written", "form"), [("---", "---"), (" Ada ", "ada"), ("+", "+"), ("+1 555 CALL", "+1 555 call")]
)
def test_a_text_that_is_no_number_is_compared_as_it_is(written: str, form: str) -> None:
    assert normalized(written) == form
