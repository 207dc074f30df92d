"""Forecasts of dead letters against the simulated cloud, beside what becomes of them: how often they are wrong.

    .venv/bin/python -m tests.simulation.forecasts --from 1 --to 60

In each schedule a few handlers are broken, as by a deploy, while the workload runs under faults. At quiescence most of
them are mended. Then letters are taken: those that were given up, and others made of messages that were published. Each
set of a service's letters is forecast by its function `forecast`, and sent back letter by letter, in the same order.
The first thing that happens to a message in its queue is its outcome: deleted, dead-lettered, or put off.

The last line is JSON, as that of tests/flow/forecast_days.py. forecasts_under_faults.py does the same meanwhile.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from functions.kernel.messaging.inbox import FIFO_GROUP, Inbox
from functions.operations.mappings import ENABLED
from tests.flow.forecasting import FAILS, PASSES, Became, Broken, Compared, DeadLetter, broken_handlers, varied
from tests.simulation.choices import Choices
from tests.simulation.deployment import manifests
from tests.simulation.mixed_versions import received_by_newest_code
from tests.simulation.schedule import ALL, _Schedule
from tests.simulation.sqs import Queue

BROKEN, MENDED = 6, 0.5  # handlers that are broken in a schedule, and how many of them are mended
GIVEN_UP, MADE_UP = 40, 30  # letters of a schedule: of those that were given up, and others
TOGETHER = 10  # letters of one forecast
FOLLOWED_FOR = 30.0  # seconds, for what follows from a letter, before the next one is sent
WAITED_FOR = 900.0  # seconds, for the first thing that happens to a message
WRITES = ("commit", "row", "vault")  # entries of the history, each with the container that wrote


class ForecastedSchedule(_Schedule):
    """A schedule that ends with forecasts and redrives instead of the checker."""

    def __init__(self, seed: int, broken: set[Broken]) -> None:
        super().__init__(seed, ALL, Choices(seed, None, ALL.faults))
        self.compared = Compared()
        self._chance, self._broken = random.Random(f"forecasts of {seed}"), broken

    def compare(self) -> Compared:
        """Run it, and compare. Nothing is judged but forecasts."""
        with broken_handlers(self._inboxes(), self._broken):
            self._broken |= set(self._chance.sample(self._handled(), BROKEN))
            self.run()
        return self.compared

    def _foresee(self, when: str) -> None:
        """Nothing: letters are left for what is compared here."""

    def _foresee_at_night(self) -> None:
        """Nothing either."""

    def _inboxes(self) -> list[Inbox]:
        return [inbox for registered in manifests().values() for inbox in registered.inboxes]

    def _handled(self) -> list[Broken]:
        return sorted((one.service, one.queue, name) for one in self._inboxes() for name in one._handlers)

    def _outcome(self) -> Any:
        for one in sorted(self._broken):
            if self._chance.random() < MENDED:
                self._broken.discard(one)
        given_up = list(self._given_up())
        chosen = self._chance.sample(given_up, min(GIVEN_UP, len(given_up)))
        letters = list({letter.id: letter for letter in (*chosen, *self._made_up())}.values())
        self._chance.shuffle(letters)
        for service in sorted({letter.service for letter in letters}):
            mine = [letter for letter in letters if letter.service == service]
            for begin in range(0, len(mine), TOGETHER):
                self._forecast_and_redrive(service, mine[begin : begin + TOGETHER])

    def _given_up(self) -> Iterator[DeadLetter]:
        for inbox in self._inboxes():
            name = f"{inbox.service}/{inbox.queue}"
            for message in list(self.cloud.queues[f"{name}/dead-letters"].messages.values()):
                yield DeadLetter(name, message.body, "given up", message.attributes.get("error", ""))

    def _made_up(self) -> Iterator[DeadLetter]:
        consumers: dict[str, list[str]] = {}
        for inbox in self._inboxes():
            for name in inbox.pattern["detail-type"]:
                consumers.setdefault(name, []).append(f"{inbox.service}/{inbox.queue}")
        published = [json.loads(body) for body in self.cloud.archive]
        for content in self._chance.choices(published, k=MADE_UP) if published else ():
            if wanting := consumers.get(content["detail-type"]):
                yield varied(self._chance, self._chance.choice(wanting), content["source"], content["detail"])

    def _forecast_and_redrive(self, service: str, letters: Sequence[DeadLetter]) -> None:
        answers = self._in_task(partial(self._forecast, service, letters))
        for letter, answer in zip(letters, answers, strict=True):
            self.compared.add(letter, answer, self._redrive(letter))

    def _forecast(self, service: str, letters: Sequence[DeadLetter]) -> list[dict[str, Any]]:
        """The answers of the function `forecast`, by as many invocations as it takes, inside a task."""
        answers: list[dict[str, Any]] = []
        overlay = None
        while len(answers) < len(letters):
            asked = [letter.asked() for letter in letters[len(answers) :]]
            event = json.loads(json.dumps({"letters": asked, "overlay": overlay}))
            told = self.cloud.invoke(service, "forecast", event)
            assert told, f"the forecast of {service} does not answer"
            assert told["answers"], "an invocation answers one letter at least"
            told = json.loads(json.dumps(told))
            answers, overlay = answers + told["answers"], told["overlay"]
        return answers

    def _redrive(self, letter: DeadLetter) -> Became:
        """Send a letter to its queue, and wait for what happens to it first; what is put off is taken out."""
        cloud, queue = self.cloud, self.cloud.queues[letter.consumer]
        self._resume_consumer(queue)
        begin = len(cloud.history.entries)
        [received] = received_by_newest_code({"Records": [{"body": letter.body}]})["Records"]
        as_received = received["body"]
        group = FIFO_GROUP if queue.fifo else ""
        message = queue.send(letter.body, group=group, dedup=cloud.new_id(), by="operator")

        def happened() -> list[tuple[str, dict[str, Any]]]:
            return [
                (kind, fields)
                for _, kind, fields in cloud.history.entries[begin:]
                if kind in ("deleted", "postponed") and fields["message"] == message
            ]

        self._until(lambda: bool(happened()))
        entries = cloud.history.entries[begin:]
        assert happened(), f"{queue.name} does not deliver"
        first, _ = happened()[0]
        dead = any(
            kind == "dead" and fields["queue"] == f"{queue.name}/dead-letters" and fields["body"] == as_received
            for _, kind, fields in entries
        )
        self._take_out(queue, message)
        became = Became("failing" if first == "postponed" else "dead" if dead else "done", None, Counter())
        cloud.run(cloud.now() + FOLLOWED_FOR)
        names = (fields.get("name", "") for _, kind, fields in cloud.history.entries[begin:] if kind == "published")
        return replace(became, published=Counter(names))

    def _resume_consumer(self, queue: Queue) -> None:
        """As an operator does with a consumer that paused itself, before letters go back to it."""
        worker = queue.worker
        if worker and worker.state != ENABLED:
            worker.switch(on=True)
            self._until(lambda: worker.state == ENABLED)

    def _take_out(self, queue: Queue, message: str) -> None:
        left = queue.messages.get(message)
        if left:
            queue.delete(left.id, left.receipt)

    def _until(self, enough: Callable[[], bool]) -> None:
        self.cloud.run(self.cloud.now() + WAITED_FOR, enough=enough)

    def _in_task(self, work: Callable[[], Any]) -> Any:
        """What work returns that is done in a task; no forecast writes meanwhile."""
        begin = len(self.cloud.history.entries)
        task = self.cloud.spawn(work)
        self._until(lambda: task.done)
        assert task.done, "the forecast takes too long"
        written = (fields for _, kind, fields in self.cloud.history.entries[begin:] if kind in WRITES)
        by_forecasts = [fields for fields in written if "/forecast" in fields["container"]]
        assert by_forecasts == [], "a forecast writes"
        return task.result


def figures(found: Iterable[tuple[int, Compared]]) -> dict[str, int]:
    """The sums of these schedules, by their seeds; what was wrong is printed, and each kind of letter."""
    total, wrong = Compared(), Counter[str]()
    for seed, compared in found:
        print(f"{seed}: {compared.answers.total()} letters", flush=True)
        total.answers += compared.answers
        total.kinds += compared.kinds
        total.reasons += compared.reasons
        for name, letters in (("passes", compared.false_passes), ("failures", compared.false_failures)):
            wrong[name] += len(letters)
            for letter, answer, became in letters:
                print(f"{seed}: false {name}: {letter.kind} {letter.consumer} {letter.body[:90]} {answer} {became}")
    for (kind, answer), number in sorted(total.kinds.items()):
        print(f"{kind:10} {answer:12} {number:6}")
    for reason, number in total.reasons.most_common(10):
        print(f"cannot tell: {reason} {number}")
    return {
        "letters": total.answers.total(),
        "pass": sum(total.answers[answer] for answer in PASSES),
        "do_not_pass": sum(total.answers[answer] for answer in FAILS),
        "cannot_tell": total.answers["cannot tell"],
        "false_passes": wrong["passes"],
        "false_failures": wrong["failures"],
    }


def seeds(arguments: Sequence[str] | None = None) -> range:
    """Those that the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--from", type=int, default=1, dest="first")
    parser.add_argument("--to", type=int, default=20, dest="last")
    wanted = parser.parse_args(arguments)
    return range(wanted.first, wanted.last + 1)


if __name__ == "__main__":
    print(json.dumps(figures((seed, ForecastedSchedule(seed, set()).compare()) for seed in seeds())))
