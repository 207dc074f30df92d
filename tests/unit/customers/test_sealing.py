"""A customer's own key: what it seals opens in its place alone, and with no other key."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from functions.customers.domain import NAME, NUMBER, PLAIN, SEALED, Customer, Registered, SmsChanged
from functions.customers.sealing import KEY_BYTES, NONCE_BYTES, CustomerKey
from functions.kernel.runtime.commit import DIGEST

ADA = CustomerKey("ada", bytes(range(KEY_BYTES)))
WRAPPING = bytes(range(100, 132))
TEXTS = ["", " ", "Ada Reyes", "Zoë 世界 🤖\u200d🛒 עברית", "\x00\t\n", "x" * 10_000, PLAIN + "Ada", SEALED + "1:Ada"]


def content(sealed: str) -> bytes:
    return urlsafe_b64decode(sealed.rpartition(":")[2])


def with_content(sealed: str, changed: bytes) -> str:
    return sealed.rpartition(":")[0] + ":" + urlsafe_b64encode(changed).decode()


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_sealed_opens_in_its_place(text: str) -> None:
    sealed = ADA.seal(text, NAME, 3)
    assert ADA.open(sealed, NAME) == text
    assert sealed.startswith("sealed:3:")


@pytest.mark.parametrize("text", ["Ada Reyes", "x" * 10_000])
def test_what_is_sealed_has_the_text_in_no_byte(text: str) -> None:
    sealed = ADA.seal(text, NAME, 1)
    assert text[:8].encode() not in content(sealed)
    assert text[:8] not in sealed


def test_a_text_is_never_sealed_alike_twice() -> None:
    """With a nonce of 96 random bits for each (NIST SP 800-38D, 8.2.2)."""
    sealed = [ADA.seal("Ada Reyes", NAME, 1) for _ in range(100)]
    assert len({content(one)[:NONCE_BYTES] for one in sealed}) == len(set(sealed)) == 100


@pytest.mark.parametrize(
    ("key", "field", "event"),
    [
        (CustomerKey("eve", ADA.secret), NAME, 3),
        (CustomerKey("ada", bytes(KEY_BYTES)), NAME, 3),
        (ADA, NUMBER, 3),
        (ADA, NAME, 4),
    ],
    ids=["another customer", "another key", "another field", "another event"],
)
def test_what_is_moved_to_another_place_does_not_open(key: CustomerKey, field: str, event: int) -> None:
    sealed = ADA.seal("Ada Reyes", NAME, 3)
    moved = sealed.replace("sealed:3:", f"sealed:{event}:")
    assert key.open(moved, field) is None
    assert ADA.open(sealed, NAME) == "Ada Reyes"


def test_what_was_tampered_with_does_not_open() -> None:
    sealed = ADA.seal("Ada", NAME, 1)
    whole = content(sealed)
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1
        assert ADA.open(with_content(sealed, bytes(changed)), NAME) is None
    for length in range(len(whole)):
        assert ADA.open(with_content(sealed, whole[:length]), NAME) is None
    assert ADA.open(with_content(sealed, whole + b"\0"), NAME) is None


@pytest.mark.parametrize("text", ["", "sealed:", "sealed:1:", "sealed:1:!", "sealed:1:Zoë", "Ada Reyes", "sealed:1"])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    assert ADA.open(text, NAME) is None


def test_every_customer_has_a_key_of_its_own() -> None:
    made = [CustomerKey.new("ada") for _ in range(100)]
    assert len({key.secret for key in made}) == 100
    assert {len(key.secret) for key in made} == {KEY_BYTES}


def test_a_key_is_shown_by_no_error_and_no_log_line() -> None:
    assert str(ADA) == repr(ADA) == "CustomerKey(customer_id='ada')"


def test_a_wrapped_key_is_unwrapped_by_the_key_that_wrapped_it() -> None:
    wrapped = ADA.wrapped(WRAPPING)
    assert CustomerKey.unwrapped("ada", wrapped, WRAPPING) == ADA
    assert ADA.secret not in urlsafe_b64decode(wrapped)
    assert wrapped != ADA.wrapped(WRAPPING)


@pytest.mark.parametrize(
    ("customer_id", "by"), [("eve", WRAPPING), ("ada", bytes(32))], ids=["another's", "wrapped by another"]
)
def test_a_key_that_was_moved_or_wrapped_by_another_is_refused(customer_id: str, by: bytes) -> None:
    with pytest.raises(ValueError, match=f"^the key of customer {customer_id} does not open$"):
        CustomerKey.unwrapped(customer_id, ADA.wrapped(WRAPPING), by)


def test_a_sealed_name_is_no_wrapped_key_even_if_one_key_made_both() -> None:
    sealed = CustomerKey("ada", WRAPPING).seal("x" * KEY_BYTES, NAME, 1).rpartition(":")[2]
    with pytest.raises(ValueError, match="does not open"):
        CustomerKey.unwrapped("ada", sealed, WRAPPING)


def test_a_requests_digest_is_one_for_a_customer_and_a_request() -> None:
    digest = ADA.digest("request-1")
    assert digest == ADA.digest("request-1")
    assert len(digest) == DIGEST
    others = [ADA.digest("request-2"), CustomerKey.new("ada").digest("request-1")]
    assert digest not in others
    assert len(set(others)) == 2


def test_a_text_of_an_earlier_event_does_not_open_in_a_later_one_of_the_same_customer() -> None:
    """Whoever may write the table could put an old number back."""
    first = ADA.seal("Ada Reyes", NAME, 1), ADA.seal("+1 555 0100", NUMBER, 1)
    for sealed, opened in ((ADA.seal("+1 555 0101", NUMBER, 2), "+1 555 0101"), (first[1], None)):
        customer = Customer(id="ada")
        customer.apply(Registered(*first))
        customer.apply(SmsChanged(sealed))
        assert customer.number_opened_by(ADA) == opened
        assert customer.name_opened_by(ADA) == "Ada Reyes"
