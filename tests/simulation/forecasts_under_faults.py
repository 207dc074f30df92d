"""Forecasts while faults strike and traffic flows, beside what then becomes of each letter that is sent back at once.

    .venv/bin/python -m tests.simulation.forecasts_under_faults --from 1 --to 80

A set of one, two or five letters of a service, the first steps of a redrive's ramp, is forecast and then sent to its
queues, letter by letter. Meanwhile customers go on, operators mend, and deploys break handlers and mend others.

An attempt that failed, and in which a fault struck, tells nothing: the queue delivers the letter again, and the next
attempt is looked at. A wrong forecast is *overtaken* where what it had to go by changed until the attempt that
decides: a row or a stream about what the letter names was written by another, the handler was broken or mended, the
attempt ran in a container of the previous version, or an earlier letter of its set did not become what was forecast.
All other wrong forecasts are false. The last line is JSON.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from functions.kernel.messaging.inbox import FIFO_GROUP
from functions.operations.mappings import ENABLED
from tests.flow.forecasting import FAILS, PASSES, Became, Broken, Compared, DeadLetter
from tests.simulation.attempts import Attempt, attempts_at, is_struck
from tests.simulation.forecasts import WRITES, ForecastedSchedule, figures, seeds
from tests.simulation.mixed_versions import received_by_newest_code
from tests.simulation.schedule import LONGEST_PHASE
from tests.simulation.sqs import Queue
from tests.simulation.workload.customers import Customer
from tests.simulation.workload.draw import DEPLOYER

STEPS = (1, 2, 5)  # letters of a set
SETS = 24  # of a schedule
BEGINS = 30.0  # seconds after the stores opened
PAUSE = 15.0  # seconds between two sets
PLAIN, LEFT_OUT = (
    ("cut off", "forged", "newer", "renamed"),
    0.7,
)  # letters that no handler sees, and how many are not taken
BROKEN = 0.5  # of the handlers for which letters are: operators try a redrive before the mend, too
CUSTOMERS, APART = 6, 60.0  # so many more, and the seconds between them
DECIDED_WITHIN = 300.0  # seconds from the send of a letter: an attempt or two more than the one that was struck
ANSWERED_WITHIN = 120.0
REPLIED_WITHIN = 60.0  # seconds until a refusal is on the bus
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4000-8000-[0-9a-f]{12}")


@dataclass
class Apart:
    """What says nothing of a forecast.

    struck: letters whose attempts were all struck. unanswered: no forecast came within two minutes. overtaken: wrong
    forecasts, by what changed meanwhile; changed: all letters about which something did, whatever was forecast.
    """

    struck: int = 0
    unanswered: int = 0
    overtaken: Counter[str] = field(default_factory=Counter)
    changed: int = 0

    def add(self, other: "Apart") -> None:
        """Count those of another schedule, too."""
        self.struck += other.struck
        self.unanswered += other.unanswered
        self.overtaken += other.overtaken
        self.changed += other.changed


class UnderFaults(ForecastedSchedule):
    """A schedule in which letters are forecast and sent back while all else goes on."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, set())
        self.apart = Apart()
        self.workload.paused = ()
        self.workload.clients.pop(DEPLOYER, None)  # the schedule has deploys of its own
        for number in range(1, CUSTOMERS + 1):
            begins = number * APART
            shop = partial(_shop, begins)
            self.workload.add(f"customer of forecasts {number}", "customer", Customer, shop)
        self.workload.clients["forecasts"] = lambda cloud, mall: self._compare_meanwhile()
        self.workload.clients["deploys"] = lambda cloud, mall: self._deploy_meanwhile()
        self._over = False
        self._read = 0
        self._dead: list[DeadLetter] = []
        self._sent: set[str] = set()

    def _run(self) -> Any:
        """Until the last set was compared: nothing is judged but forecasts."""
        self._spawn(self._open)
        self.cloud.run(LONGEST_PHASE, enough=lambda: self._over or not self.active)

    def _deploy_meanwhile(self) -> None:
        """Break a handler or mend one, every now and then."""
        places = self._handled()
        while not self._over:
            self.cloud.sleep(self._chance.uniform(20, 90))
            self._broken ^= {self._chance.choice([*sorted(self._broken), self._chance.choice(places)])}

    def _compare_meanwhile(self) -> None:
        self.cloud.sleep(BEGINS)
        try:
            for _ in range(SETS):
                self.cloud.sleep(self._chance.uniform(0, PAUSE))
                self._compare_a_set(self._chance.choice(STEPS))
        finally:
            self._over = True

    def _compare_a_set(self, size: int) -> None:
        before = set(self._broken)
        try:
            self._compare(size)
        finally:
            self._broken &= before

    def _compare(self, size: int) -> None:
        letters = self._some_letters()
        if not letters:
            return
        service = self._chance.choice(sorted({letter.service for letter in letters}))
        chosen = [letter for letter in letters if letter.service == service][:size]
        begin = len(self.cloud.history.entries)
        for place in sorted({place for letter in chosen if (place := _place(letter))} & set(self._handled())):
            if self._chance.random() < BROKEN:
                self._broken.add(place)
        broken = {letter.id: self._is_broken(letter) for letter in chosen}
        answers = self._asked(service, chosen)
        if answers is None:
            self.apart.unanswered += len(chosen)
            return
        right = True
        for letter, answer in zip(chosen, answers, strict=True):
            right &= self._compare_one(letter, answer, begin, was_broken=broken[letter.id], in_turn=right)

    def _some_letters(self) -> list[DeadLetter]:
        """Of those that were given up, but for what this sent itself, and others; each once."""
        entries = self.cloud.history.entries
        for _, kind, fields in entries[self._read :]:
            if kind == "dead" and fields["queue"].endswith("/inbox/dead-letters") and fields["body"] not in self._sent:
                consumer = fields["queue"].removesuffix("/dead-letters")
                self._dead.append(
                    DeadLetter(consumer, fields["body"], "given up", (fields["reason"] or {}).get("error", ""))
                )
        self._read = len(entries)
        given_up = self._chance.sample(self._dead, min(10, len(self._dead)))
        found = list({letter.id: letter for letter in (*given_up, *self._made_up())}.values())
        known = [letter for letter in found if self.cloud.queues[letter.consumer].worker]
        self._chance.shuffle(known)
        return [one for one in known if one.kind not in PLAIN or self._chance.random() >= LEFT_OUT]

    def _asked(self, service: str, letters: Sequence[DeadLetter]) -> list[dict[str, Any]] | None:
        """The answers; asked again where an invocation fails, as operations does."""
        answers: list[dict[str, Any]] = []
        overlay, until = None, self.cloud.now() + ANSWERED_WITHIN
        while len(answers) < len(letters):
            asked = [letter.asked() for letter in letters[len(answers) :]]
            told = self.cloud.invoke(
                service, "forecast", json.loads(json.dumps({"letters": asked, "overlay": overlay}))
            )
            if told:
                answers, overlay = answers + told["answers"], told["overlay"]
            elif self.cloud.now() > until:
                return None
            else:
                self.cloud.sleep(2)
        return answers

    def _compare_one(
        self, letter: DeadLetter, answer: dict[str, Any], begin: int, *, was_broken: bool, in_turn: bool
    ) -> bool:
        """Send a letter, and compare; whether it became what was forecast."""
        sent = len(self.cloud.history.entries)
        message, became = self._sent_back(letter, answer)
        if became is None:
            self.apart.struck += 1
            return False
        attempts = list(attempts_at(self.cloud.history.entries, sent, message))
        changed = self._changed(letter, begin, attempts) or ("" if in_turn else "an earlier letter of its set")
        if self._is_broken(letter) != was_broken:
            changed = "its handler"
        self.apart.changed += bool(changed)
        is_wrong = _is_wrong(answer, became)
        if is_wrong and changed:
            self.apart.overtaken[changed] += 1
        else:
            self.compared.add(letter, answer, became)
        return not is_wrong

    def _is_broken(self, letter: DeadLetter) -> bool:
        return _place(letter) in self._broken

    def _sent_back(self, letter: DeadLetter, answer: dict[str, Any]) -> tuple[str, Became | None]:
        """The message, and what became of it; None where all of its attempts were struck by faults."""
        cloud, queue = self.cloud, self.cloud.queues[letter.consumer]
        self._have_it_receive(queue)
        begin, until = len(cloud.history.entries), cloud.now() + DECIDED_WITHIN
        [received] = received_by_newest_code({"Records": [{"body": letter.body}]})["Records"]
        self._sent |= {letter.body, received["body"]}
        message = queue.send(letter.body, group=FIFO_GROUP if queue.fifo else "", dedup=cloud.new_id(), by="operator")
        outcome = ""
        while not outcome and cloud.now() < until:
            cloud.sleep(0.5)
            outcome = self._decided(queue, message, (letter.body, received["body"]), begin)
        self._take_out(queue, message)
        if not outcome:
            return message, None
        reply = answer["detail"].get("reply") if answer["answer"] == "refused" else None
        until = cloud.now() + REPLIED_WITHIN
        while reply and reply not in self._published(begin) and cloud.now() < until:
            cloud.sleep(0.5)
        return message, Became(outcome, None, self._published(begin))

    def _have_it_receive(self, queue: Queue) -> None:
        worker = queue.worker
        if worker and worker.state != ENABLED:
            worker.switch(on=True)
            while worker.state != ENABLED:
                self.cloud.sleep(1)

    def _decided(self, queue: Queue, message: str, bodies: tuple[str, ...], begin: int) -> str:
        """What the first attempt that decides made of a message; empty where there was none yet.

        bodies: under which it may be given up, as a consumer of another version reads it.
        """
        entries = self.cloud.history.entries
        if any(kind == "deleted" and fields["message"] == message for _, kind, fields in entries[begin:]):
            dead = any(
                kind == "dead" and fields["queue"] == f"{queue.name}/dead-letters" and fields["body"] in bodies
                for _, kind, fields in entries[begin:]
            )
            return "dead" if dead else "done"
        for attempt in attempts_at(entries, begin, message):
            within = entries[attempt.begin : attempt.end + 1]
            failed = any(
                kind == "postponed" and fields["message"] == message and fields["seconds"] for _, kind, fields in within
            )
            if failed and not is_struck(entries, attempt, queue.name.partition("/")[0]):
                return "failing"
        return ""

    def _published(self, begin: int) -> Counter[str]:
        entries = self.cloud.history.entries[begin:]
        return Counter(fields.get("name", "") for _, kind, fields in entries if kind == "published")

    def _changed(self, letter: DeadLetter, begin: int, attempts: Sequence[Attempt]) -> str:
        """What others wrote about what a letter names, until the last of its attempts ended; empty where nothing."""
        entries, named = self.cloud.history.entries, set(ID.findall(letter.body))
        end = attempts[-1].end if attempts else len(entries)
        for place in range(begin, min(end + 1, len(entries))):
            _, kind, fields = entries[place]
            if kind not in WRITES or fields["table"].startswith("operations/"):
                continue
            own = any(one.container == fields["container"] and one.begin <= place <= one.end for one in attempts)
            if not own and named & set(ID.findall(" ".join(map(str, fields["key"])))):
                return f"a {kind} of {fields['table']}"
        containers = {one.name: one for function in self.cloud.functions.values() for one in function.containers}
        return "an old version" if any(containers[one.container].old for one in attempts) else ""


def _shop(begins: float, customer: Customer) -> None:
    customer.shop(begins)


def _place(letter: DeadLetter) -> Broken | None:
    """The handler that a letter is for."""
    service, _, queue = letter.consumer.partition("/")
    try:
        return service, queue, json.loads(letter.body)["detail-type"]
    except (ValueError, KeyError):
        return None


def _is_wrong(answer: dict[str, Any], became: Became) -> bool:
    said, detail = answer["answer"], answer["detail"]
    if said in PASSES:
        return became.outcome != "done" or (said == "refused" and detail["reply"] not in became.published)
    return said in FAILS and became.outcome == "done"


def main() -> None:
    """Print the figures of these schedules."""
    apart, faults = Apart(), Counter[str]()

    def each(seed: int) -> Compared:
        schedule = UnderFaults(seed)
        compared = schedule.compare()
        apart.add(schedule.apart)
        faults.update(schedule.faults.fired)
        return compared

    found = figures((seed, each(seed)) for seed in seeds())
    for what, number in apart.overtaken.most_common():
        print(f"overtaken: {what} {number}")
    more = {"changed_meanwhile": apart.changed, "overtaken": apart.overtaken.total(), "struck": apart.struck}
    print(json.dumps({**found, **more, "unanswered": apart.unanswered, "faults": faults.total()}))


if __name__ == "__main__":
    main()
