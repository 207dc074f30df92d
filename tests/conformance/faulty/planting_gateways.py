"""How faulty gateways are planted: our own with one fault each, which the case that is named must find."""

from collections.abc import Callable
from typing import Any

from tests.conformance.faulty.faults import Fault
from tests.conformance.gateways.bench import Bench, Body, Publish
from tests.conformance.gateways.cases import GATEWAY_CASES

GATEWAY_FAULTS: list[Fault] = []
Json = dict[str, Any]


def outgoing(found_by: str, words: str) -> Callable[[Callable[[], Publish]], object]:
    """Declare a gateway whose messages to robots are altered; its fault is the name of the function."""
    return lambda make: _declare(make, found_by, words, lambda: Bench(outgoing=make()))


def incoming(found_by: str, words: str) -> Callable[[Callable[[], Body]], object]:
    """Declare a gateway that understands what robots say in another way."""
    return lambda make: _declare(make, found_by, words, lambda: Bench(incoming=make()))


def planted(found_by: str, words: str) -> Callable[[Callable[[], Bench]], object]:
    """Declare a gateway with a fault in what it makes of both; words: a pattern of the reason that tells the fault."""
    return lambda make: _declare(make, found_by, words, make)


def _declare(make: Callable[[], object], found_by: str, words: str, bench: Callable[[], Bench]) -> object:
    assert found_by in GATEWAY_CASES.known, found_by
    GATEWAY_FAULTS.append(Fault(make.__name__.replace("_", " "), found_by, words, bench))
    return make
