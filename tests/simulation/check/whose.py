"""Whose things are, by the stored events: which customer's, and in which robot's hands a list was at a time."""

from typing import Any

from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit, Event

# The event that says whose an aggregate is; an order's id is its basket's, and its invoice's.
SAYS = {("Basket", "Started"), ("Order", "Created"), ("Payment", "Authorized")}
KEPT_IN = {"Basket": "Basket", "Order": "Order", "Payment": "Payment", "Invoice": "Order"}


class Owners:
    """customer_of: of the ids of customers and of their things, the customer's. end: of the history.

    first_asked: when a request (who, key, method, path) was first sent.
    """

    def __init__(self, history: ParsedHistory) -> None:
        self.end = history.end
        self.customer_of: dict[str, str] = {}
        self.first_asked: dict[tuple[str, str | None, str, str], int] = {}
        self._history = history
        self._owners: dict[tuple[str, str], str] = {}
        self._hands: dict[str, list[tuple[int, str | None]]] = {}
        self._before: dict[str, str | None] = {}
        for request in history.requests.values():
            if request.key:
                self.first_asked.setdefault((request.who, request.key, request.method, request.path), request.at)
        for commit in history.commits:
            self._read(commit)

    def _read(self, commit: Commit) -> None:
        if commit.kind == "Customer":
            self.customer_of[commit.aggregate_id] = commit.aggregate_id
        for event in commit.events:
            if (commit.kind, event.name) in SAYS:
                self._owners[commit.kind, commit.aggregate_id] = event.data["customer_id"]
                self.customer_of[commit.aggregate_id] = event.data["customer_id"]
        if commit.kind == "ShoppingList":
            self._follow(commit)

    def _follow(self, commit: Commit) -> None:
        hands = self._hands.setdefault(commit.aggregate_id, [(0, None)])
        self._before[commit.id] = hands[-1][1]
        for event in commit.events:
            if event.name == "Assigned":
                hands.append((commit.at, event.data["bot_id"]))
            elif event.name in ("GivenBack", "Cancelled"):
                hands.append((commit.at, None))

    def owner(self, kind: str, id: str) -> str | None:
        """The customer whose an aggregate is; None where there is none."""
        return self._owners.get((KEPT_IN[kind], id))

    def holders(self, list_id: str, begin: int, end: int) -> set[str | None]:
        """In whose hands a list was at any moment from `begin` to `end`: a robot's or nobody's (None)."""
        hands = self._hands.get(list_id, [(0, None)])
        until = [*(at for at, _ in hands[1:]), self.end + 1]
        return {robot for (since, robot), left in zip(hands, until, strict=True) if since <= end and left >= begin}

    def holder_before(self, commit: Commit) -> str | None:
        """The robot that had a list right before a commit."""
        return self._before[commit.id]

    def was_there(self, kind: str, id: str, at: int) -> bool:
        """Whether an aggregate was stored before a time, and not as the tombstone of what was cancelled first."""
        commits = self._history.stream(kind, id)
        return bool(commits) and commits[0].at < at and commits[0].events[0].name != "Cancelled"

    def enabled(self, customer_id: str, begin: int, end: int) -> set[bool]:
        """Whether a customer was enabled, once registered, at any moment from `begin` to `end`: true, false or both."""
        changes = {"Registered": True, "Enabled": True, "Disabled": False, "Erased": False}
        return set(self._values("Customer", customer_id, None, begin, end, lambda e: changes.get(e.name))) - {None}

    def generations(self, bot_id: str, begin: int, end: int) -> set[int]:
        """The generations of a robot's tokens from `begin` to `end`: 0, which no token has, once it is retired."""

        def of(event: Event) -> int | None:
            return 0 if event.name == "Retired" else event.data.get("generation")

        return set(self._values("Bot", bot_id, 1, begin, end, of))

    def _values(self, kind: str, id: str, first: Any, begin: int, end: int, of: Any) -> list[Any]:
        values = [first]
        for commit in self._history.stream(kind, id):
            for event in commit.events:
                value = of(event)
                if value is None or commit.at > end:
                    continue
                values = [value] if commit.at < begin else [*values, value]
        return values
