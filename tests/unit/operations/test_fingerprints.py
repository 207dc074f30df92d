"""Letters of one cause are one group; letters of different causes are not."""

import pytest

from functions.operations.fingerprints import fingerprint, without_values

ALIKE = [
    ("order 17 is not ready", "order 4711 is not ready"),
    (
        "there is no Order 6f3e0c9a-55e1-4a92-8d5b-6a1d0a7f3b21",
        "there is no Order 0d1f5c3e-4b7a-4d8c-9b0e-2f6a7c8d9e10",
    ),
    ("Order#order-1 was changed", "Order#order-22 was changed"),
    ("it was due at 2026-03-14T09:26:53.589793Z", "it was due at 2026-03-15T10:00:00Z"),
    ("it was due on 2026-03-14 09:26:53", "it was due on 2026-12-01 10:00:00"),
    ("the product 'Rye bread' is gone", "the product 'Milk' is gone"),
    ('no robot "R2" in "depot"', 'no robot "C3" in "shop"'),
    ("bad key: `a`", "bad key: `b and c`"),
    ("3.50 is not 4.20", "17.00 is not 0.99"),
    ("ids a1, b2, c3 are unknown", "ids d4 are unknown"),
    ("arn:aws:sqs:eu-central-1:000000000000:one failed", "arn:aws:sqs:eu-west-1:111111111111:two failed"),
    ("https://example.com/a?b failed", "https://example.org/c failed"),
    ("line 1 column 17 (char 16)", "line 3 column 2 (char 99)"),
    ("the hash is 9f86d081884c7d65", "the hash is 60303ae22b998861"),
]
DIFFERENT = [
    ("the order is not ready", "the order is not paid"),
    ("there is no Order 17", "there is no Payment 17"),
    ("ThrottlingException in PutItem", "ThrottlingException in Query"),
    ("data.order_id: Field required", "data.store_id: Field required"),
    ("the shelf's key is wrong", "the shelf's door is wrong"),
    ("", "unknown"),
]


def of(reason: str) -> str:
    return fingerprint("depot/inbox", "OrderApproved", "RuntimeError", reason)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_errors_that_differ_by_ids_numbers_times_and_quoted_values_are_one_group(one: str, other: str) -> None:
    assert of(one) == of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_errors_are_different_groups(one: str, other: str) -> None:
    assert of(one) != of(other)


@pytest.mark.parametrize(
    "other", [("depot/dispatcher", "A", "E"), ("depot/inbox", "B", "E"), ("depot/inbox", "A", "F")]
)
def test_letters_of_another_consumer_message_or_error_are_another_group(other: tuple[str, str, str]) -> None:
    assert fingerprint("depot/inbox", "A", "E", "why") != fingerprint(*other, "why")


def test_the_words_of_a_reason_stay() -> None:
    assert without_values("order-1 of 'Ada' cannot be paid twice: 17 items") == "# of # cannot be paid twice: # items"


def test_a_fingerprint_is_short_and_always_the_same() -> None:
    assert of("order 17 is not ready") == of("order 17 is not ready")
    assert len(of("x")) == 16
