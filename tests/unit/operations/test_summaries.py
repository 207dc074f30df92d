"""The daily summary is sent once a day, and says what is open."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime
from functions.operations import groups, rows
from functions.operations.letters import DONE, PARKED
from functions.operations.runner import runner
from functions.operations.summaries import summary
from tests.support.letters import MemoryTopic
from tests.unit.operations.made import ID, made


class Time:
    now = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def time() -> Iterator[Time]:
    time = Time()
    with clock.fixed(lambda: time.now):
        yield time


@pytest.fixture
def topic(runtime: Runtime, time: Time) -> MemoryTopic:
    topic = MemoryTopic()
    runtime.adapters["topic"] = topic
    return topic


def test_a_summary_says_what_is_open_since_when_and_who_takes_care_of_it(topic: MemoryTopic) -> None:
    for number, state in ((1, "open"), (2, "open"), (3, PARKED), (4, DONE)):
        rows.put(made(number, state=state))
    rows.put(made(5, fingerprint="another", reason="late", error="Timeout", name=""))
    groups.count_changed()
    groups.change(ID, lambda group: replace(group, owner="Ada"))
    assert summary()
    [(subject, text)] = topic.published
    assert subject == "MallBots: 3 dead letters are open"
    assert text.splitlines()[:2] == [
        "Dead letters on 2026-03-01: 3 open, 0 being redriven, 1 parked.",
        "The oldest open one was given up at 2026-03-01T12:01:00.000000Z by depot/inbox.",
    ]
    large = f"- {ID}: 2 open, since 2026-03-01T12:01:00.000000Z, Ada takes care of it: "
    assert large + "OrderApproved at depot/inbox, RuntimeError: the shelf is gone" in text.splitlines()
    assert "- another: 1 open, since 2026-03-01T12:05:00.000000Z: unreadable at depot/inbox, Timeout: late" in text
    assert text.index("New groups of the last day:") < text.index("Open groups, the largest first:")


def test_a_summary_is_sent_once_a_day_from_six_on(topic: MemoryTopic, time: Time) -> None:
    time.now = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
    for _ in range(3 * 24 * 60 // 20):
        summary()
        time.now += timedelta(minutes=20)
    assert [text.partition(":")[0] for _, text in topic.published] == [
        f"Dead letters on 2026-03-0{day}" for day in (1, 2, 3)
    ]


def test_a_summary_that_the_topic_did_not_take_is_sent_in_the_next_minute(topic: MemoryTopic) -> None:
    topic.down = True
    with pytest.raises(ConnectionError):
        summary()
    topic.down = False
    assert summary()
    assert [subject for subject, _ in topic.published] == ["MallBots: 0 dead letters are open"]


class KilledError(BaseException):
    """The function ends."""


def test_a_summary_whose_sender_ended_before_it_was_sent_is_sent_minutes_later(
    topic: MemoryTopic, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*_: str) -> None:
        raise KilledError

    with monkeypatch.context() as killed:
        killed.setattr(topic, "publish", ends)
        with pytest.raises(KilledError):
            summary()
    sent = []
    for _ in range(10):
        time.now += timedelta(minutes=1)
        sent.append(summary())
    assert sent.count(True) == 1
    assert sent.index(True) == 4  # a sender that is only slow is not overtaken
    assert [subject for subject, _ in topic.published] == ["MallBots: 0 dead letters are open"]


def test_a_long_summary_is_cut(topic: MemoryTopic) -> None:
    for number in range(1, 26):
        rows.put(made(number, fingerprint=f"group-{number:02}"))
    groups.count_changed()
    summary()
    [(_, text)] = topic.published
    assert text.count("- and 5 more") == 2


def test_the_runner_sends_the_summary_and_goes_on_where_the_topic_does_not_take_it(topic: MemoryTopic) -> None:
    topic.down = True
    with pytest.raises(ConnectionError):
        runner.handle({})
    topic.down = False
    for _ in range(2):
        runner.handle({})
    assert [subject for subject, _ in topic.published] == ["MallBots: 0 dead letters are open"]


def test_a_reason_with_lines_of_its_own_is_one_line_of_the_summary(topic: MemoryTopic) -> None:
    rows.put(made(1, reason="no header\n- all is well\n" + "x" * 2_000))
    groups.count_changed()
    summary()
    [(_, text)] = topic.published
    assert "- all is well" not in text.splitlines()
    assert max(map(len, text.splitlines())) < 500
