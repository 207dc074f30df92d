"""Fault injection: every fault by name, its rate in a schedule, and the times without faults."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.simulation.choices import Choices
from tests.simulation.history import History

# Each fault, and its usual rate at one of its places in a schedule that has it.
FAULTS: dict[str, tuple[str, float]] = {
    "throttle": ("a service refuses a call by its rate (ThrottlingException); the SDK retries", 0.01),
    "internal error": ("a service answers 500 without an effect (InternalServerError)", 0.01),
    "internal error after effect": ("a service answers 500 after the effect", 0.006),
    "no connection": ("a call never reaches the service (ConnectTimeoutError after 1 s)", 0.006),
    "reply lost": ("a call takes effect and its answer is lost (ReadTimeoutError after 2 s)", 0.015),
    "killed before call": ("the container is killed right before a call", 0.006),
    "killed after call": ("the container is killed right after a call took effect", 0.008),
    "outage": ("a service refuses every call for 2 to 20 s (ServiceUnavailable)", 0.004),
    "slow call": ("a call takes effect seconds late", 0.006),
    "transaction conflict": ("another transaction holds an item (TransactionConflict)", 0.06),
    "slow transaction": ("a transaction commits after the SDK gave up (TransactionInProgressException)", 0.2),
    "keys unprocessed": ("a batch read leaves some of its keys unprocessed", 0.3),
    "stale read": ("an eventually consistent read shows the state of up to 2 s before", 0.5),
    "index behind": ("an index shows a write seconds late", 0.2),
    "entries failed": ("PutEvents accepts only some of its entries (FailedEntryCount)", 0.02),
    "bus duplicate": ("a rule delivers an event twice", 0.02),
    "bus delay": ("a rule delivers an event seconds to minutes late, after younger ones", 0.03),
    "target retry": ("the bus cannot reach a queue and retries, with back-off", 0.02),
    "target given up": ("the bus may not send to a queue, and dead-letters the event", 0.006),
    "queue duplicate": ("a standard queue delivers a message again after it was deleted", 0.015),
    "visibility ends": ("a message becomes visible while it is still being handled", 0.02),
    "acknowledgement lost": ("the deletion of handled messages fails, so they are redelivered", 0.02),
    "queue delay": ("a message is received late", 0.02),
    "cold start": ("an idle container is recycled and loses its memory", 0.03),
    "function slow": ("a container hangs until its function's timeout", 0.004),
    "invoke throttled": ("an invocation is throttled (TooManyRequestsException)", 0.008),
    "stream again": ("a shard delivers a batch again although it was handled", 0.04),
    "stream split": ("a batch of a shard has fewer records than there are", 0.04),
    "stream delay": ("a shard is read late", 0.04),
    "stream restart": ("a shard is read again from an earlier checkpoint", 0.03),
    "stream lost": ("a batch is given up to the failure queue (its retries ended, or 12 hours)", 0.008),
    "schedule early": ("a schedule fires before its minute by a container's clock", 0.1),
    "schedule late": ("a schedule fires up to a minute late", 0.1),
    "schedule twice": ("a schedule fires twice", 0.1),
    "schedule missed": ("a schedule does not fire", 0.1),
    "clock skew": ("a container's clock is seconds ahead or behind", 0.08),
    "clock step": ("a container's clock steps back during an invocation", 0.006),
    "provider refuses": ("the payment provider refuses a refund", 0.5),
    "provider answer lost": ("the payment provider has refunded, and its answer is lost", 0.5),
    "provider silent": ("the payment provider does not answer, and has not refunded", 0.4),
    "provider declines": ("the payment provider refuses to authorize, capture or void", 0.06),
    "provider reply lost": ("the payment provider has done one of these, and its answer is lost", 0.15),
    "provider mute": ("the payment provider does not answer, and has done none of these", 0.1),
    "text not taken": ("the carrier does not answer, and has not accepted a text", 0.3),
    "number unreachable": ("the carrier refuses a number for good", 0.1),
    "text answer lost": ("the carrier accepted a text, and its answer is lost", 0.6),
    "gateway error": ("the gateway answers 503 without an invocation", 0.04),
    "client unheard": ("the response to a request never reaches the client", 0.05),
    "connection cut": ("a robot's connection to the broker ends at a packet, which is lost", 0.04),
    "cut unnoticed": ("an end of a cut connection notices it only when it misses the other", 0.3),
    "presence twice": ("the broker tells twice of a connection", 0.2),
    "presence late": ("the broker tells of a connection late, after younger news", 0.3),
    "will late": ("a last will is published late, maybe when its robot is back", 0.3),
    "rule twice": ("a topic rule sends a message twice", 0.02),
    "rule late": ("a topic rule sends a message late, after younger ones", 0.03),
    "rule failed": ("the action of a topic rule fails, and the error action takes the message", 0.01),
    "rule lost": ("the error action of a topic rule fails too, and the message is lost", 0.3),
    "delivery twice": ("the broker delivers a message to a robot twice", 0.05),
    "delivery late": ("the broker delivers a message to a robot late, after younger ones", 0.05),
    # Without a rate: deploys break handlers (workload/deployers.py).
    "handler broken": ("a deploy broke the handler of a message, which fails until another mends it", 0.0),
    "old version": ("a container runs the previous version, which the deployment has not replaced yet", 0.15),
}

# Outages of 5 minutes to 2 hours. They have no rate: only a long day has some (workload/long_day.py).
OUTAGES: dict[str, str] = {
    "table away": "no call to a table succeeds for minutes or hours: throttled, 5xx, or no answer",
    "bus away": "no call to the bus succeeds for minutes or hours",
    "queue away": "a queue takes, gives and deletes no message for minutes or hours",
    "service away": "all functions of a service are throttled for minutes or hours",
    "queries away": "an owner answers no queries of other services for minutes or hours",
    "provider away": "the payment provider does not answer for minutes or hours",
    "carrier away": "the carrier takes no text for minutes or hours",
    "KMS away": "KMS answers no call for minutes or hours",
    "broker away": "the broker has no connections and takes no message for minutes or hours",
    "key disabled": "the key of KMS that wraps customers' keys is disabled for minutes or hours",
}
# Of schedules in which operators mend and faults strike: what is taken from queues by a function itself has few places.
OF_MENDERS: dict[str, tuple[str, float]] = {
    "runner killed": ("the runner of operations is killed right after a service began a generation of a view", 0.4),
    "poller killed": ("a function that polls a queue itself is killed right after it received or deleted", 0.08),
}
DESCRIPTIONS = {name: what for name, (what, _) in (FAULTS | OF_MENDERS).items()} | OUTAGES
NEEDS_A_HAND = ("target given up", "stream lost")  # after these faults, a message is delivered by an operator alone

MULTIPLIERS = (0.3, 1.0, 3.0)  # of the usual rates
UNSCALED = 0.05  # usual rates from here on are not scaled: these faults have few places, or do little harm


class Faults:
    """The faults of one schedule: which, how often, and until when.

    rates: by name, the probability at each place where it can strike. Each fault that strikes has a number; one whose
    number the choices are `without` is counted and does not happen. pauses: times (from, to), in microseconds, without
    faults; after `stop()` there are none.
    """

    def __init__(
        self,
        choices: Choices,
        rates: Mapping[str, float] | None = None,
        pauses: Sequence[tuple[int, int]] = (),
        known: Mapping[str, tuple[str, float]] = FAULTS,
    ) -> None:
        for name in rates or {}:
            if name not in known:
                raise ValueError(f"unknown fault {name!r}")
        self.rates = {name: rate for name, rate in (rates or {}).items() if rate > 0}
        self.pauses = list(pauses)
        self.fired: Counter[str] = Counter()
        self.number = 0
        self.history: History | None = None
        self._choices = choices
        self._stopped = not self.rates
        self._groups: dict[tuple[str, ...], tuple[float, list[tuple[float, str]]]] = {}

    @classmethod
    def draw(cls, choices: Choices, scale: float = 1.0, known: Mapping[str, tuple[str, float]] = FAULTS) -> "Faults":
        """A mix of known faults, each with a rate, and pauses; one schedule in ten has no faults.

        scale: of the rates of faults that may strike nearly anywhere.
        """
        if choices.chance(0.1, "no faults at all"):
            return cls(choices, known=known)
        wanted = choices.pick((0.1, 0.25, 0.5), "how many faults")
        rates = {
            name: usual * choices.pick(MULTIPLIERS, name) * (scale if usual < UNSCALED else 1.0)
            for name, (_, usual) in known.items()
            if choices.chance(wanted, name)
        }
        pauses = []
        if choices.chance(0.3, "a pause"):
            start = choices.between(0, 300, "pause from") * 1_000_000
            pauses.append((start, start + choices.between(30, 300, "pause for") * 1_000_000))
        return cls(choices, rates, pauses, known)

    def stop(self) -> None:
        """End all faults."""
        self._stopped = True

    def add(self, more: Mapping[str, tuple[str, float]]) -> None:
        """Inject these as well, at their usual rates, where there are any faults."""
        if self.rates:
            self.rates |= {name: rate for name, (_, rate) in more.items()}

    def leave_out(self, *names: str) -> None:
        """Never inject these faults."""
        for name in names:
            self.rates.pop(name, None)

    def on(self, name: str) -> bool:
        """Whether a fault can strike in this schedule."""
        return name in self.rates and not self._stopped

    def strikes(self, name: str, where: str) -> bool:
        """Whether a fault happens here and now."""
        if self._stopped or name not in self.rates or self._is_paused():
            return False
        return self._choices.chance(self.rates[name], name) and self._strike(name, where)

    def strike(self, name: str, where: str) -> bool:
        """Have a fault happen here and now, unless all have ended; whether it does."""
        return not self._stopped and self._strike(name, where)

    def one_of(self, names: tuple[str, ...], where: str) -> str | None:
        """The one of several faults that happens here and now, or None."""
        if self._stopped:
            return None
        group = self._groups.get(names)
        if group is None:
            group = self._groups[names] = self._group(names)
        total, steps = group
        if not steps or self._is_paused() or not self._choices.chance(total, names[0]):
            return None
        at = self._choices.seconds(0.0, total, "which fault")
        name = next((name for reach, name in steps if at < reach), steps[-1][1])
        return name if self._strike(name, where) else None

    def _group(self, names: tuple[str, ...]) -> tuple[float, list[tuple[float, str]]]:
        total, steps = 0.0, []
        for name in names:
            if name in self.rates:
                total += self.rates[name]
                steps.append((total, name))
        return min(total, 1.0), steps

    def _is_paused(self) -> bool:
        if not self.pauses or self.history is None:
            return False
        now = self.history.now_us
        return any(start <= now < end for start, end in self.pauses)

    def _strike(self, name: str, where: str) -> bool:
        self.number += 1
        if self.number in self._choices.without:
            return False
        self.fired[name] += 1
        if self.history is not None:
            self.history.record("fault", number=self.number, name=name, where=where)
        return True
