"""What is derived with the code's key."""

from collections import Counter

from functions.customers import codes
from functions.kernel.runtime import runtime


def test_a_code_has_six_digits_and_each_digit_is_as_likely_in_each_place() -> None:
    made = [codes.code("phone", request) for request in range(10_000)]
    assert {len(code) for code in made} == {6}
    assert set("".join(made)) == set("0123456789")
    for place in range(6):
        counts = Counter(code[place] for code in made)
        squares = sum((counts[digit] - 1_000) ** 2 / 1_000 for digit in "0123456789")
        assert squares < 27.9, "chi-squared with 9 degrees of freedom: 1 in 1,000 is beyond (the codes are fixed)"


def test_each_request_of_each_phone_has_a_code_of_its_own_kind() -> None:
    made = {codes.code(phone, request) for phone in ("one", "two", "three") for request in (1, 2, 3)}
    assert len(made) == 9
    assert codes.code("one", 1) == codes.code("one", 1)


def test_a_phone_is_known_by_its_number_and_another_key_knows_neither_phone_nor_code() -> None:
    phone = codes.phone_id("+44 20 7946 0000")
    assert phone == codes.phone_id("0044 (0)20 7946 0000")
    assert phone != codes.phone_id("+44 20 7946 0001")
    assert "2079460000" not in phone
    before = (phone, codes.code("one", 1))
    runtime.current().adapters["code_key"] = b"another key"
    after = (codes.phone_id("+44 20 7946 0000"), codes.code("one", 1))
    assert not set(before) & set(after)
