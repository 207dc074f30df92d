"""What services may ask each other directly."""

import pytest
from pydantic import ValidationError

from events import queries
from events.queries import Answer, Query
from functions.kernel.composition.manifest import services

QUERIES = Query.__subclasses__() + [query for base in Query.__subclasses__() for query in base.__subclasses__()]
OWNED = [query for query in QUERIES if "owner" in vars(query)]


def test_every_query_names_the_service_that_owns_the_thing_and_what_it_answers() -> None:
    assert {query.__name__ for query in OWNED} == {name for name in vars(queries) if name.startswith("Find")}
    for query in OWNED:
        assert query.owner in services()
        assert issubclass(query.answer, Answer)


def test_a_query_takes_no_member_that_it_does_not_know() -> None:
    with pytest.raises(ValidationError, match="surprise"):
        queries.FindOrder.model_validate({"order_id": "order-1", "surprise": 1})
