"""Who has a number: a row for each customer, found by the digest of the number."""

from functions.kernel.projections.projection import Projection
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row

BY_PHONE = "by_phone"
SHARED_BY = 10  # customers who are looked at, of those who have one number

# No row is made of a message alone: none says when a customer registered. sessions.index_phone makes them.
projection = Projection(indexes=[BY_PHONE])


def phone_row(customer_id: str, phone_id: str, registered_at: str) -> Row:
    """The row of a customer who may have a session, in the index by the phone's id and the time of registration."""
    place = (phone_id, f"{registered_at} {customer_id}")
    return Row(customer_id, "phone", {"customer_id": customer_id}, indexes={BY_PHONE: place})


def no_phone_row(customer_id: str) -> Row:
    """The row of a customer who may have none for now: it is in no index, and holds nothing."""
    return Row(customer_id, "phone", {})


def erased_row(customer_id: str) -> Row:
    """The row of a customer who is erased, for good."""
    return Row(customer_id, "phone", None)


def customers_with(phone_id: str) -> list[str]:
    """The ids of customers who have this phone, or had it a moment ago, the latest to register first."""
    page = runtime.current().views.query(phone_id, index=BY_PHONE, limit=SHARED_BY, descending=True)
    return [row["customer_id"] for row in page.rows]
