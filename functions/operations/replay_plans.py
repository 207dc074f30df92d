"""What a replay is asked to bring: whether that can be, and whose history it is."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from functions.kernel.domain.errors import InvalidError, RefusedError
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Port
from functions.operations import consumers, history_rows
from functions.operations.cloud import Functions
from functions.operations.cloud import replays as replay_functions
from functions.operations.history_rows import Source
from functions.operations.runs import Run

RATE, HIGHEST_RATE = 50.0, 500.0  # messages a second
EVENT = "event"

# Published without a commit, because nothing changed by the command that they refuse (kernel/messaging/inbox.py): no
# history has them. Other replies are in a commit where the command changed something.
REFUSALS = (
    "CollectionRefused",
    "CustomerRefused",
    "OrderApprovalRefused",
    "OrderRejectionRefused",
    "PaymentRefused",
    "ShoppingListRefused",
    "ShoppingRefused",
)


@dataclass(frozen=True)
class Asked:
    """What is to be replayed to a consumer (a service), which must be named.

    source: whose history; without it, that of all services whose messages it knows. stream, cursor: of that service,
    one stream, or where its table is to be read from, as another replay of it shows (`next_page`). since, until: RFC
    3339, inclusive. names: commands and replies to be brought beside the events. view: to this read model alone.
    """

    to: str
    source: str = ""
    stream: str = ""
    since: str = ""
    until: str = ""
    names: tuple[str, ...] = ()
    cursor: str = ""
    view: str = ""

    @property
    def data(self) -> dict[str, Any]:
        """It as its run keeps it, without what was not asked."""
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def of(cls, run: Run) -> "Asked":
        """What a run was asked."""
        return cls(**{**run.asked, "names": tuple(run.asked.get("names", ()))})


def check(asked: Asked, rate: float | None) -> None:
    """Raises InvalidError for what cannot be replayed, or not to whom."""
    check_rate(rate)
    _must_have_rows(asked.to)
    if asked.source and not known(asked.source).has_history:
        raise InvalidError(f"from: {asked.source} publishes nothing")
    if (asked.stream or asked.cursor) and not asked.source:
        raise InvalidError("stream and cursor are of one service: name it with `from`")
    if asked.stream and asked.cursor:
        raise InvalidError("cursor: a stream is read from its beginning")
    if asked.cursor:
        _must_be_page(asked.cursor)
    for name, moment in (("since", asked.since), ("until", asked.until)):
        _must_be_moment(name, moment)


def ask(service: str, request: dict[str, Any], port: Port[Functions] = replay_functions) -> dict[str, Any]:
    """Ask the `replay` function of a service. Raises RefusedError and UnavailableError."""
    answer = port().invoke(service, request)
    if "refused" in answer:
        raise RefusedError(str(answer["refused"]))
    return answer


def sources_for(asked: Asked, port: Port[Functions] = replay_functions) -> list[Source]:
    """The services whose history a replay brings. Raises InvalidError for what its consumer makes no rows of."""
    described = described_by(asked.to, asked.view, port)
    messages = [one for view, ones in described.items() for one in ones if asked.view in ("", view)]
    unknown = sorted(set(asked.names) - {one["name"] for one in messages})
    if unknown:
        raise InvalidError(f"names: {asked.to} makes no rows of {', '.join(unknown)}")
    wanted = [one for one in messages if one["kind"] == EVENT or one["name"] in asked.names]
    sources = [
        replace(source, stream=asked.stream) for source in sources_of(wanted) if asked.source in ("", source.service)
    ]
    if not sources:
        raise InvalidError(f"{asked.to} makes no rows of what {asked.source or 'others'} published")
    return sources


def described_by(service: str, view: str, port: Port[Functions] = replay_functions) -> dict[str, list[dict[str, str]]]:
    """The messages that each read model of a service is made of. Raises InvalidError where a view is none of them."""
    described: dict[str, list[dict[str, str]]] = ask(service, {"describe": {}}, port)["views"]
    if view and view not in described:
        raise InvalidError(f"view: {service} has {', '.join(described)}")
    return described


def sources_of(messages: Iterable[dict[str, str]]) -> list[Source]:
    """The services that publish these messages, each with theirs; those that keep no history are left out."""
    found: dict[str, list[dict[str, str]]] = {}
    for one in messages:
        found.setdefault(one["source"], []).append(one)
    return [
        Source(
            service,
            only=tuple(sorted({one["name"] for one in ones})),
            names=tuple(sorted({one["name"] for one in ones if one["kind"] != EVENT})),
        )
        for service, ones in sorted(found.items())
        if known(service).has_history
    ]


def sources_of_view(service: str, view: str, port: Port[Functions] = replay_functions) -> list[Source]:
    """The services whose history makes a view: commands and replies too. Raises InvalidError."""
    return sources_of(described_by(service, view, port)[view])


def not_recoverable(sources: Iterable[Source]) -> list[str]:
    """What a run cannot bring back of what it was asked: refusals that no commit holds."""
    wanted = {name for source in sources for name in source.names}
    return [name for name in REFUSALS if name in wanted]


def known(service: str) -> consumers.Served:
    """A service of the deployment. Raises InvalidError."""
    found = consumers.services().get(service)
    if found is None:
        raise InvalidError(f"there is no service {service}: there are {', '.join(consumers.services())}")
    return found


def check_rate(rate: float | None) -> None:
    """Raises InvalidError for a rate that makes no sense."""
    if rate is not None and not 0 < rate <= HIGHEST_RATE:
        raise InvalidError(f"rate: above 0 and at most {HIGHEST_RATE:g} messages a second")


def _must_have_rows(service: str) -> None:
    if not known(service).has_rows:
        raise InvalidError(f"to: {service} has no read models, and a replay reaches nothing else")


def _must_be_moment(name: str, moment: str) -> None:
    try:
        if moment and clock.read(moment).tzinfo is None:
            raise ValueError(moment)
    except ValueError:
        raise InvalidError(f"{name}: a time with its zone, such as 2026-03-01T12:00:00Z") from None


def _must_be_page(cursor: str) -> None:
    try:
        history_rows.page_at(cursor)
    except ValueError:
        raise InvalidError("cursor: what another replay of the service shows as its cursor") from None
