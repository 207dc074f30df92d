"""What robots on the stream truly do, against what the depot records; and how soon their silence is noticed."""

from collections import defaultdict
from collections.abc import Iterator

from tests.simulation.check import behind
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import SECOND, ParsedHistory, row_data
from tests.simulation.check.records import Commit
from tests.simulation.check.robots import BOT_STATUS, quantities, summed
from tests.simulation.check.stream_history import TOPICS, Assignment, Report, StreamHistory, is_undisturbed
from tests.simulation.check.violation import Violation

PUT_DOWN = "a list is completed by a report when its goods were put down at the depot"
OLD_NEWS = "a robot that is connected is not taken for cut by late news of an earlier connection"
IN_ORDER = "what the depot takes of a robot's connection is newer than what it took before"
TRUE_STATE = "at the end fleet shows a robot as it truly is"
PICKED = "what the depot records as picked is what the robot picked"
WHILE_ONLINE = "a robot puts nothing down while it has no connection"
DRIVEN_TWICE = "the goods of a list are put down at the depot under one assignment"
LEFT_IDLE = "an idle robot whose connection ends is taken offline within seconds"
SILENT_AT_WORK = "a robot at work that is silent is taken offline within two minutes of the end of its lease"
STILL_THERE = "a robot that reports over the stream is not taken offline"

# The broker's event 0.3 s, rule 0.1, the batch's window 1, cold starts 0.6 of three functions, relay, bus and queue a
# second each, twice: fleet tells the depot.
SECONDS_OF_A_CUT = 15 * SECOND
# A rule that cannot send is 90 s late at most; states whose first number is lower count after 60 without an ONLINE.
REPLACED = 160 * SECOND
LATELY = 120 * SECOND  # a fault before may still delay what the robot is told: what fails now comes again in seconds
TO_TELL = 15 * SECOND  # the batch's window, two functions, relay, bus and queue, and cold starts
OVERTAKEN = 5 * SECOND  # by which rules of the broker, which run in any order, may date ONLINE behind what follows it
CONNECTED, DEPOT = "connected", "depot/inbox"
LEASE, TICKS = 60 * SECOND, 140 * SECOND
SAFE, UNDER_WAY = 50 * SECOND, 5 * SECOND  # of its lease; containers' clocks are seconds wrong


def violations(history: ParsedHistory, stream: StreamHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Picks that differ, lists that are driven twice, and robots that are noticed too late or too early."""
    if not stream.robots:
        return
    yield from _picked(history, stream)
    yield from _while_online(stream)
    yield from _driven_twice(history, stream)
    statuses = {
        bot_id: list(_statuses(commits)) for bot_id, commits in history.of_kind("Bot") if bot_id in stream.robots
    }
    for bot_id, spans in statuses.items():
        yield from _left_idle(bot_id, spans, history, stream)
        yield from _silent_at_work(bot_id, spans, history, stream)
    yield from _still_there(history, stream)
    yield from behind.violations(history, stream)
    yield from _old_news(history, stream)
    yield from _in_order(history)
    if history.is_quiescent:
        yield from _true_state(history, stream)


def _picked(history: ParsedHistory, stream: StreamHistory) -> Iterator[Violation]:
    """For each list that a report completed: its shortages are what the robot did not collect."""
    collected: dict[tuple[Assignment, tuple[str, str]], set[int]] = defaultdict(set)
    for one in stream.ended:
        if one.action == "collect":
            collected[one.assignment, one.product].add(one.result if one.status == "FINISHED" else 0)
    put_down = {one.assignment for one in stream.ended if one.action == "drop" and one.status == "FINISHED"}
    for list_id, commits in history.of_kind("ShoppingList"):
        listed: dict[tuple[str, str], int] = {}
        assignment = 0
        for commit in commits:
            cause = history.cause_of(commit)
            for event in commit.events:
                if event.name == "Created":
                    listed = quantities(event.data["stops"], "quantity")
                elif event.name == "Assigned":
                    assignment = event.data["assignment"]
                elif event.name == "Completed" and cause and cause.name == "ReportCollection":
                    if (list_id, assignment) not in put_down:
                        yield Violation(PUT_DOWN, f"{commit.where} is not put down", {"stream": commit.stream})
                    short = summed(event.data["shortages"])
                    for product, quantity in listed.items():
                        found = collected[(list_id, assignment), product]
                        if quantity - short.get(product, 0) not in found:
                            text = f"{commit.where} has {quantity - short.get(product, 0)} of {product[1]} as picked"
                            text += f", and the robot picked {sorted(found)}"
                            yield Violation(PICKED, text, {"stream": commit.stream})


def _while_online(stream: StreamHistory) -> Iterator[Violation]:
    """Drops that end without a connection: no state reports them, and another robot may get the list."""
    for one in stream.ended:
        if one.action == "drop" and one.status == "FINISHED" and not one.online:
            text = f"the robot {one.bot_id} put down {one.assignment[0]} without a connection"
            yield Violation(WHILE_ONLINE, text, {"robot": one.bot_id, "at": one.at})


def _driven_twice(history: ParsedHistory, stream: StreamHistory) -> Iterator[Violation]:
    """Two assignments of one list that both end at the depot.

    It cannot be helped where the first robot could not be told in time, or could not tell that it had put them down:
    each takes seconds.
    """
    put_down: dict[str, dict[int, tuple[int, str]]] = defaultdict(dict)
    for one in stream.ended:
        if one.action == "drop" and one.status == "FINISHED":
            put_down[one.assignment[0]].setdefault(one.assignment[1], (one.at, one.bot_id))
    for list_id, by_assignment in put_down.items():
        for number, (at, bot_id) in by_assignment.items():
            given_back = _end_of(history, list_id, number)
            if given_back is None or not any(other > number for other in by_assignment):
                continue
            order = f"{list_id}.{number}"
            told = [one.at for one in stream.reports[bot_id] if one.is_put_down and one.order_id == order]
            in_time = at > given_back + TO_TELL or any(when < given_back - TO_TELL for when in told)
            if in_time and is_undisturbed(stream, min(at, given_back), max(at, given_back), LATELY):
                text = f"the list {list_id} was put down under {sorted(by_assignment)}: {bot_id} did so"
                text += f" {(at - given_back) / SECOND:.0f} s after it was given back"
                yield Violation(DRIVEN_TWICE, text, {"list": list_id, "robot": bot_id})


def _end_of(history: ParsedHistory, list_id: str, number: int) -> int | None:
    """When an assignment of a list ended otherwise than by its completion."""
    assignment = 0
    for commit in history.stream("ShoppingList", list_id):
        for event in commit.events:
            if event.name == "Assigned":
                assignment = event.data["assignment"]
            elif event.name in ("GivenBack", "Cancelled") and assignment == number:
                return commit.at
    return None


def _statuses(commits: list[Commit]) -> Iterator[tuple[int, str]]:
    for commit in commits:
        for event in commit.events:
            if event.name in BOT_STATUS:
                yield commit.at, BOT_STATUS[event.name]
            elif event.name == "Retired":
                yield commit.at, "retired"


def _left_idle(
    bot_id: str, spans: list[tuple[int, str]], history: ParsedHistory, stream: StreamHistory
) -> Iterator[Violation]:
    """Idle robots that stay idle though their connection ended; where operators paused a consumer, once it goes on."""
    connections = stream.presence[bot_id]
    for at, event, version in connections:
        until = _resumed(history, at, SECONDS_OF_A_CUT) + SECONDS_OF_A_CUT
        back = any(other == "connected" and at < since <= until for since, other, _ in connections)
        if event != "disconnected" or back or _newer(connections, version, at):
            continue
        stays = not any(at < when <= until for when, _ in spans)
        if stays and _status_at(spans, at) == "idle" and is_undisturbed(stream, at, until):
            text = f"the robot {bot_id} is idle {(until - at) // SECOND} s after its connection ended"
            yield Violation(LEFT_IDLE, text, {"robot": bot_id, "at": at})


def _resumed(history: ParsedHistory, at: int, within: int) -> int:
    """When the consumers that notice a silence went on, if an operator had paused one until so long after `at`."""
    pauses = [pause for consumer in (TOPICS, DEPOT) for pause in history.pauses.get(consumer, ())]
    return max((end for begin, end in pauses if begin <= at + within and end > at), default=at)


def _newer(connections: list[tuple[int, str, int]], version: int, at: int) -> bool:
    """Whether a connection that was there at a time is newer than this one: one that took over."""
    return any(event == "connected" and newer > version and since <= at for since, event, newer in connections)


def _silent_at_work(
    bot_id: str, spans: list[tuple[int, str]], history: ParsedHistory, stream: StreamHistory
) -> Iterator[Violation]:
    reports = sorted([one.at for one in stream.reports[bot_id]] + [at for at, _, _ in stream.presence[bot_id]])
    for (at, status), following in zip(spans, [*spans[1:], (history.end, "")], strict=True):
        if status != "active":
            continue
        last = max((when for when in reports if when <= following[0]), default=at)
        since = _resumed(history, max(at, last) + LEASE, TICKS)
        if following[0] - since > TICKS and is_undisturbed(stream, since, since + TICKS):
            text = f"the robot {bot_id} is at work {(following[0] - since) // SECOND} s after its lease ended"
            yield Violation(SILENT_AT_WORK, text, {"robot": bot_id, "at": since})


def _still_there(history: ParsedHistory, stream: StreamHistory) -> Iterator[Violation]:
    """Robots that a sweep takes offline though they have reported within their lease, and fleet had handled that.

    One that was given a list reports that it works on it: another may be given the list of one that does not. A report
    that a rule sent late, or that was handled late, says nothing of now: what counts is when the broker had it. Nor
    does one after which it gave up, if fleet had that by then: a robot that is back sends at once what it had to say.
    """
    for bot_id, commits in history.of_kind("Bot"):
        order: str | None = None
        changed = 0  # the version since which it has this order, or none
        for commit in commits:
            before, order = order, _order_after(commit, order, history)
            changed = changed if order == before else commit.version
            if "WentOffline" not in commit.event_names() or commit.request or bot_id not in stream.robots:
                continue
            if commit.causation:  # the end of its connection, or of its work when that had come before
                continue
            # Until the depot's word has come, fleet cannot say whether the robot does what it must.
            words = [one.handled for one in stream.known[bot_id] if one.version >= changed]
            told = min(words, default=history.end)
            known = [
                one.said
                for one in stream.reports[bot_id]
                if one.handled and told < one.handled <= commit.began - UNDER_WAY
                if one.goes_on and (order is None or one.order_id == order)
                if not _has_given_up(one, stream) and _is_of_known_session(one, stream)
            ]
            last = max(known, default=commit.began - LEASE)
            if commit.began - last <= SAFE:
                text = f"the robot {bot_id} is taken offline {(commit.began - last) // SECOND} s after it reported"
                yield Violation(STILL_THERE, text, {"stream": commit.stream})


def _is_of_known_session(report: Report, stream: StreamHistory) -> bool:
    """Whether fleet had the ONLINE with which the session of a state began.

    Until then, for a minute, numbers that begin again look like those of old states.
    """
    before = [one for one in stream.online[report.bot_id] if one.said <= report.said]
    began = max(before, key=lambda one: one.said, default=None)
    if began is None or report.said >= began.said + LEASE:
        return True
    return began.handled is not None and began.handled <= (report.handled or 0)


def _has_given_up(report: Report, stream: StreamHistory) -> bool:
    """Whether a later state of the same order, which was handled with this one or before, says that it gave that up."""
    others = [one for one in stream.reports[report.bot_id] if one.order_id == report.order_id and one.gives_up]
    known = [one for one in others if one.handled and report.handled and one.handled <= report.handled]
    return any(one.told_at > report.told_at for one in known)


def _order_after(commit: Commit, before: str | None, history: ParsedHistory) -> str | None:
    """The order of the list that a robot has after a commit; while it goes offline, still that of before."""
    for event in commit.events:
        if event.name == "TookList":
            list_id = event.data["list_id"]
            numbers = [
                one.data["assignment"]
                for write in history.stream("ShoppingList", list_id)
                for one in write.events
                if one.name == "Assigned" and write.at <= commit.at
            ]
            return f"{list_id}.{numbers[-1] if numbers else 0}"
        if event.name == "Finished":
            return None
    return before


def _old_news(history: ParsedHistory, stream: StreamHistory) -> Iterator[Violation]:
    """Ends of connections that fleet counts, though it has handled the begin of a later one, which has not ended."""
    for bot_id, commits in history.of_kind("Robot"):
        for commit in commits:
            if "Disconnected" not in commit.event_names():
                continue
            begun = [version for at, event, version in stream.presence[bot_id] if event == CONNECTED and at < commit.at]
            ended = {version for at, event, version in stream.presence[bot_id] if event != CONNECTED and at < commit.at}
            handled = stream.presence_handled[bot_id].get((CONNECTED, begun[-1] if begun else -1), commit.at)
            if handled - UNDER_WAY <= commits[0].at < commit.at:
                continue  # of a client that it does not know yet fleet takes nothing
            if begun and begun[-1] not in ended and handled < commit.at - UNDER_WAY:
                text = f"the robot {bot_id} is connected, and {commit.where} says that it is not"
                yield Violation(OLD_NEWS, text, {"stream": commit.stream})


def _in_order(history: ParsedHistory) -> Iterator[Violation]:
    for _, commits in history.of_kind("Bot"):
        taken = 0
        for commit in commits:
            for event in commit.events:
                version = event.data.get("stream_version", taken + 1)
                if version <= taken:
                    text = f"{commit.where} takes version {version} of fleet's word after {taken}"
                    yield Violation(IN_ORDER, text, {"stream": commit.stream})
                taken = max(taken, event.data.get("stream_version", 0))


def _true_state(history: ParsedHistory, stream: StreamHistory) -> Iterator[Violation]:
    """Robots that left in order, all of whose reports were handled but for some that later ones replace."""
    rows = {(one["partition"]["S"], one["sort"]["S"]): row_data(one) for one in history.table("fleet/views")}
    failed = {letter.queue for letter in history.dead_letters if not letter.is_robots}
    retired = {bot_id for bot_id, commits in history.of_kind("Bot") if "Retired" in commits[-1].event_names()}
    for bot_id, deeds in stream.deeds.items():
        _, last = deeds[-1]
        connections = stream.presence[bot_id]
        if last["what"] != "left" or not last["connected"] or TOPICS in failed or bot_id in retired or not connections:
            continue
        row, connection = rows.get(("reports", bot_id)), rows.get(("connections", bot_id))
        if row is None or connection is None or not stream.left_in_order(bot_id):
            continue
        reported = max((one.at for one in stream.reports[bot_id]), default=0)
        if any(at > reported - REPLACED for at in stream.lost[bot_id]) or _left_before_its_online(bot_id, stream):
            continue
        shown = {"node": row["node"], "order": row["order"] or "", "paused": row["paused"], "mode": row["mode"]}
        true = {name: last[name] or None if name == "node" else last[name] for name in shown}
        if shown != true or connection["connection"] != "offline":
            different = [name for name in shown if shown[name] != true[name]] or ["connection"]
            text = f"the robot {bot_id} is shown with another {' and '.join(different)}"
            yield Violation(TRUE_STATE, text, {"robot": bot_id, "shown": shown, "true": true})


def _left_before_its_online(bot_id: str, stream: StreamHistory) -> bool:
    """Whether its last ONLINE was handled or dated behind the last that it said, and it said nothing a minute after it.

    Until then numbers that begin again look like those of old states, and such states are not shown. Nor is what the
    broker dated before ONLINE, though it came after it, where another state of the session is.
    """
    last = max(stream.online[bot_id], key=lambda one: one.said, default=None)
    newest = max(stream.reports[bot_id], key=lambda one: one.said, default=None)
    if last is None or newest is None or last.handled is None or newest.handled is None:
        return False
    highest = max(stream.reports[bot_id], key=lambda one: one.told_at)
    is_dated_before = last.said - OVERTAKEN <= highest.said < last.said
    return (last.handled > newest.handled or is_dated_before) and newest.said < last.said + LEASE


def _status_at(spans: list[tuple[int, str]], at: int) -> str:
    return next((status for since, status in reversed(spans) if since <= at), "")
