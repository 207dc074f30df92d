"""Money: an integer number of cents inside, a JSON number with at most two decimals on the REST wire."""

from decimal import Decimal, InvalidOperation

from functions.kernel.domain.errors import InvalidError

LIMIT = 2**53
CENT = Decimal("0.01")
NOISE = Decimal("1e-6")  # of a sum of floats: published clients send 34.980000000000004 for 34.98


def cents(amount: object) -> int:
    """Cents from a number as it came over the wire; one within 1e-6 of a cent is that cent.

    Raises InvalidError for anything else that has more than two decimals.
    """
    if isinstance(amount, bool) or not isinstance(amount, int | float | Decimal):
        raise InvalidError("an amount must be a number")
    try:
        exact = Decimal(str(amount))
    except InvalidOperation:
        raise InvalidError("an amount must be a number") from None
    if not exact.is_finite():
        raise InvalidError("an amount must be a number")
    # By its magnitude first: arithmetic on what has too many digits would round, or overflow.
    if (exact and exact.adjusted() > 15) or abs(exact * 100) >= LIMIT:
        raise InvalidError("an amount must be below 2^53 cents")
    nearest = exact.quantize(CENT)
    if abs(exact - nearest) > NOISE:
        raise InvalidError("an amount has at most two decimals")
    return int(nearest * 100)


def amount(cents: int) -> Decimal:
    """The wire's number for an amount of cents, without trailing zeros."""
    whole, part = divmod(abs(cents), 100)
    text = f"{whole}.{part:02d}".rstrip("0").rstrip(".") if part else str(whole)
    return Decimal(f"-{text}" if cents < 0 else text)
