"""Leases of robots on the stream, where fleet handles late what robots say: then silence may be its own."""

from collections.abc import Iterator

from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.stream_history import StreamHistory
from tests.simulation.check.violation import Violation

BEHIND = "no robot on the stream is taken offline by a sweep while fleet is behind with what robots say"

LEASE = 60 * SECOND
# A state that is handled half a minute after the broker had it says for a minute that fleet is behind: with clocks that
# are seconds wrong, and a sweep that takes seconds.
SURELY_LATE, REMEMBERED = 45 * SECOND, (45 * SECOND, 15 * SECOND)
AT_ONCE = 10 * SECOND
WRITTEN_FOR = 20 * SECOND  # after what is shown of a robot, what it says is written again within 15 seconds


def violations(history: ParsedHistory, stream: StreamHistory) -> Iterator[Violation]:
    """Robots on the stream that a sweep takes offline soon after fleet has handled the newest of a robot late."""
    late = sorted(when for bot_id in stream.robots for when in _handled_late(bot_id, stream))
    if not late:
        return
    earliest, latest = REMEMBERED
    for bot_id, commits in history.of_kind("Bot"):
        on_stream = False
        for commit in commits:
            on_stream = on_stream or bool({"Connected", "Disconnected"} & set(commit.event_names()))
            is_swept = "WentOffline" in commit.event_names() and not (commit.request or commit.causation)
            if on_stream and is_swept and any(commit.at - earliest <= when <= commit.at - latest for when in late):
                text = f"the robot {bot_id} is taken offline while fleet handles late what robots say"
                yield Violation(BEHIND, text, {"stream": commit.stream})


def _handled_late(bot_id: str, stream: StreamHistory) -> Iterator[int]:
    """When states of a robot were handled that were late, and the newest of it in its session.

    Those that a function received late and handled at once. What left the queue long after it was first received may
    have been handled then: its acknowledgement may be lost.
    """
    newest = 0
    for report in sorted((one for one in stream.reports[bot_id] if one.handled), key=lambda one: one.handled or 0):
        handled, before = report.handled or 0, newest
        newest = max(newest, report.said)
        began = any(report.said - LEASE <= one.said <= handled for one in stream.online[bot_id])
        received = report.received or 0
        is_late = received - report.said > SURELY_LATE and handled - received < AT_ONCE
        if is_late and report.said - before > WRITTEN_FOR and not began:
            yield handled
