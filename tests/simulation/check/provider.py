"""The payment provider: what it did of each payment is what is stored of it, once, and nothing is held for ever."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.simulation.check.baskets import SLACK, duration_setting, sweeps_after
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.identity import BEGIN
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit
from tests.simulation.check.violation import Violation

ASKED_ONCE = "a payment is authorized, captured and voided under one request id each"
STORED = "what is stored of a payment is what the provider did before"
VOIDED = "what is voided is released by the provider, and stored as released"
HELD = "a payment that no order took is not held for ever"
FORGOTTEN = "a payment that was released, or that an order took, is not found by sweep after sweep"
TIMER = "UnconfirmedPaymentsDue"
WITHOUT_AN_ORDER = {
    "S": "payments without an order"
}  # the partition of the rows by which a sweep finds them, each from its authorization on
SWEEPS = 2  # after the faults: they fail no more, and find all that is due


@dataclass
class Account:
    """What the provider did of one payment: times (microseconds) and amounts (cents) of what took effect first.

    requests: by kind of call, the request ids.
    """

    authorized: tuple[int, int] | None = None
    captured: tuple[int, int] | None = None
    voided: int | None = None
    requests: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def apply(self, at: int, call: str, amount: int, request_id: str) -> None:
        """Apply a call that took effect."""
        self.requests[call].add(request_id)
        match call:
            case "authorize":
                self.authorized = self.authorized or (at, amount)
            case "capture":
                self.captured = self.captured or (at, amount)
            case "void":
                self.voided = at if self.voided is None else self.voided


def violations(history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Payments of which the provider did something else than is stored."""
    accounts: dict[str, Account] = defaultdict(Account)
    for at, effect in history.effects:
        what = effect["what"]
        if effect["port"] == "provider":
            accounts[what["payment"]].apply(at, what["call"], what["amount"], effect["request_id"])
    for payment_id, account in accounts.items():
        for call in ("authorize", "capture", "void"):
            if len(account.requests[call]) > 1:
                text = f"the payment {payment_id} was asked to {call} under {len(account.requests[call])} request ids"
                yield Violation(ASKED_ONCE, text, {"requests": sorted(account.requests[call])})
    for payment_id, commits in history.of_kind("Payment"):
        for commit in commits:
            yield from _stored(accounts[payment_id], commit)
        if history.is_quiescent:
            yield from _released(accounts[payment_id], commits, deliveries)
    if history.is_quiescent:
        yield from _held(accounts, history, deliveries)
        yield from _found_again(history)


def _stored(account: Account, commit: Commit) -> Iterator[Violation]:
    """Each event that says that the provider did something comes after it did, with its amount."""
    did = {"Authorized": account.authorized, "Captured": account.captured}
    for event in commit.events:
        if event.name in did:
            at, amount = did[event.name] or (commit.at + 1, 0)
            if at > commit.at or amount != event.data["amount"]:
                text = f"{commit.where} stores {event.name} of {event.data['amount']}, and the provider did not do that"
                yield Violation(STORED, text, {"stream": commit.stream})
        if event.name == "VoidMade" and (account.voided is None or account.voided > commit.at):
            text = f"{commit.where} stores a void that the provider did not make"
            yield Violation(STORED, text, {"stream": commit.stream})


def _released(account: Account, commits: list[Commit], deliveries: Deliveries) -> Iterator[Violation]:
    """In the final state, the provider has released what is voided, and holds or keeps what is not."""
    names = {name for commit in commits for name in commit.event_names()}
    about = {"stream": commits[0].stream}
    if account.voided is not None and not names & {"Voided", "Abandoned"}:
        yield Violation(VOIDED, f"{commits[0].stream} is not voided, and the provider has released it", about)
    missed = deliveries.misses("payments", commits[0].aggregate_id, ["VoidDue"])
    if names & {"Voided", "Abandoned"} and "VoidMade" not in names and not missed:
        text = "and the provider has not released it" if account.voided is None else "and its release is not stored"
        yield Violation(VOIDED, f"{commits[0].stream} is voided, {text}", about)


def _held(accounts: dict[str, Account], history: ParsedHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """In the final state, no payment without an order is held for longer than the stage says."""
    longest = duration_setting(history, "MALLBOTS_PAYMENT_UNCONFIRMED")
    for payment_id, account in accounts.items():
        if longest is None or account.authorized is None or account.voided is not None:
            continue
        stored = {name for commit in history.stream("Payment", payment_id) for name in commit.event_names()}
        due = max(account.authorized[0] + longest, history.faults_ended_at) + SLACK
        missed = deliveries.misses("payments", payment_id, ["VoidDue"])
        if "Confirmed" not in stored and not missed and sweeps_after(history, "payments/inbox", TIMER, due) >= SWEEPS:
            text = f"the payment {payment_id} has no order, and the provider still holds {account.authorized[1]}"
            yield Violation(HELD, text, {"stream": f"Payment#{payment_id}"})


def _found_again(history: ParsedHistory) -> Iterator[Violation]:
    """In the final state, no sweep has left the row of a payment that was due."""
    longest = duration_setting(history, "MALLBOTS_PAYMENT_UNCONFIRMED")
    for item in history.table("payments/views") if longest is not None else ():
        if item["partition"] != WITHOUT_AN_ORDER:
            continue
        time, _, payment_id = item["sort"]["S"].partition(" ")
        since = (datetime.fromisoformat(time) - BEGIN) // timedelta(microseconds=1)
        due = max(since + (longest or 0), history.faults_ended_at) + SLACK
        if sweeps_after(history, "payments/inbox", TIMER, due) >= SWEEPS:
            text = f"the payment {payment_id} is still a row of those without an order, though it was due long ago"
            yield Violation(FORGOTTEN, text, {"stream": f"Payment#{payment_id}"})
