"""What robots are told: orders that are theirs, in time, after what they had before was cancelled, which ends it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.robots import BOT_STATUS
from tests.simulation.check.stream_history import FLEET, Known, Report, Sent, StreamHistory, assignment_of
from tests.simulation.check.violation import Violation

IN_TIME = "no order reaches a robot after it has expired"
EXPIRES = "what is sent to a robot expires within a lease"
WITHIN_LEASE = "an order expires with what is left of its robot's lease"
KNOWN_OVER = "no order is sent for an assignment that is known to be over"
CANCEL_FIRST = "a robot with an outdated order is sent no other before that one has ended"
TAKEN = "a robot that is free takes the order that it is sent"
RETIRED = "a retired robot cannot connect"
GIVEN_UP = "a robot that gives up its order comes to an end of it"
REVOKED = "the certificates of a retired robot are revoked"
CANCELLED = "a robot that goes on with an order that is over is told to cancel it"
NEVER_SENT = "a list whose order was not sent before its robot became unfit is given back at once"

LEASE = 60 * SECOND
LONG_ENOUGH = 10 * SECOND  # between two states of a robot that goes on
TO_ANSWER = 5 * SECOND  # a state: the batch's window, a function and the broker; fleet sends nothing to who is away
ON_ITS_WAY = SECOND  # the network's part, after the broker sent it
REVOCATION = 5 * SECOND  # from the message of the retirement on, where no fault delays it


def violations(history: ParsedHistory, stream: StreamHistory, deliveries: Deliveries) -> Iterator[Violation]:
    """Orders that are late, outdated or too early, and retired robots that are still there."""
    for at, sent in stream.delivered:
        if sent.kind == "order" and sent.expires and at > sent.expires + ON_ITS_WAY:
            late = (at - sent.expires) / SECOND
            yield Violation(IN_TIME, f"{_named(sent)} arrived {late:.0f} s after its expiry", {"robot": sent.bot_id})
    for sent in stream.sent:
        if not 0 < sent.expires - sent.at <= LEASE:
            text = f"{_named(sent)} expires after {(sent.expires - sent.at) // SECOND} s"
            yield Violation(EXPIRES, text, {"robot": sent.bot_id, "message": sent.number})
        if sent.kind == "order":
            yield from _within_lease(sent, stream)
            yield from _order(sent, stream)
    yield from _taken(stream)
    yield from _given_up(stream)
    yield from _cancelled(stream)
    yield from _never_sent(history)
    yield from _retired(history, stream, deliveries)


def _within_lease(sent: Sent, stream: StreamHistory) -> Iterator[Violation]:
    """The lease counts from the robot's last state, of which fleet may know an earlier one. An order has a second.

    An expiry counts from when the broker has the message, and the SDK repeats a failed request as it is.
    """
    repeated = sent.at - min((at for at in stream.unsent[sent.by] if sent.began <= at < sent.at), default=sent.at)
    told = [said for received, said in stream.heard[sent.bot_id] if received < sent.at]
    ends = max([sent.at + SECOND, *(said + LEASE + SECOND + repeated + stream.slow[sent.by] for said in told)])
    if told and sent.expires > ends:
        text = f"{_named(sent)} expires {(sent.expires - ends) / SECOND:.1f} s after the lease"
        yield Violation(WITHIN_LEASE, text, {"robot": sent.bot_id, "message": sent.number})


def _order(sent: Sent, stream: StreamHistory) -> Iterator[Violation]:
    about = {"robot": sent.bot_id, "message": sent.number}
    known = stream.known[sent.bot_id]
    newest = max((one for one in known if one.handled < sent.began), key=_version, default=None)
    its = max((one.version for one in known if one.assignment == sent.assignment), default=None)
    if newest and newest.assignment != sent.assignment and its is not None and newest.version > its:
        yield Violation(KNOWN_OVER, f"{_named(sent)} was sent though {_has(newest)} was known", about)
    reports = stream.reports[sent.bot_id]
    handled = [one for one in reports if one.handled is not None and one.handled < sent.began]
    last = max(handled, key=lambda one: one.told_at, default=None)
    newer = [one for one in reports if last and one.told_at > last.told_at and (one.received or sent.at) < sent.at]
    is_over = any(not one.is_active or one.order_id != last.order_id for one in newer if last)
    if last and last.is_active and last.order_id != sent.content["orderId"] and not is_over:
        yield Violation(CANCEL_FIRST, f"{_named(sent)} was sent while the robot has {last.order_id}", about)


def _never_sent(history: ParsedHistory) -> Iterator[Violation]:
    """Lists that stay with a robot that is told no order while it is unfit, and has not been told this one."""
    for bot_id, commits in history.of_kind("Bot"):
        list_id, number = "", 0
        for commit in commits:
            names, cause = commit.event_names(), history.cause_of(commit)
            last = cause.data.get("last_order") if cause and "Disconnected" in names else None
            stays = list_id and last not in (None, f"{list_id}.{number}") and "WentOffline" not in names
            if stays and not _has_started(history, list_id, number, commit.at):
                text = f"the robot {bot_id} keeps {list_id}.{number}, and was sent {last or 'nothing'} last"
                yield Violation(NEVER_SENT, text, {"robot": bot_id, "list": list_id})
            for event in commit.events:
                if event.name == "TookList":
                    list_id, number = event.data["list_id"], event.data.get("assignment", 0)
                elif event.name in BOT_STATUS:
                    list_id = ""


def _has_started(history: ParsedHistory, list_id: str, number: int, at: int) -> bool:
    """Whether a list's robot had started under an assignment by a time."""
    assignment = 0
    for event in (
        event for commit in history.stream("ShoppingList", list_id) if commit.at <= at for event in commit.events
    ):
        assignment = event.data["assignment"] if event.name == "Assigned" else assignment
        if event.name == "Started" and assignment == number:
            return True
    return False


def _taken(stream: StreamHistory) -> Iterator[Violation]:
    """Orders that a free robot did not take, though it stands where it has always been and knew them not.

    Where people took the robot over, and set it down elsewhere, nothing is asked of an order that was sent before fleet
    had a state that says where, and counts. Rules of the broker run in any order: of what a robot sends once back,
    an older state may be dated after ONLINE, and count, and the one that says where it is before, and not.
    Nor of an order that comes late, behind one that was sent after it: the robot has moved by then.
    """
    for bot_id, deeds in stream.deeds.items():
        if any(fields.get("disk") in ("older", "lost") for _, fields in deeds):
            continue  # it may stand elsewhere than it had said
        switched = [at for at, fields in deeds if fields["what"] == "switched"]
        for at, fields in deeds:
            if fields["what"] == "received order" and fields["was_free"] and not fields["knows"]:
                sent = max(
                    (one.at for when, one in stream.delivered if when == at and one.bot_id == bot_id), default=at
                )
                if _was_overtaken(stream, bot_id, sent, at):
                    continue
                moved = max((moved for moved in switched if moved <= at), default=None)
                if moved is None or _knows_where(stream, bot_id, fields["node"], moved, sent):
                    text = f"the robot {bot_id} did not take the order {fields['order']} at {fields['node']}"
                    yield Violation(TAKEN, text, {"robot": bot_id, "at": at})


def _was_overtaken(stream: StreamHistory, bot_id: str, sent: int, at: int) -> bool:
    """Whether a robot had an order by a time that was sent after another."""
    return any(
        one.bot_id == bot_id and one.kind == "order" and one.at > sent and when < at for when, one in stream.delivered
    )


def _knows_where(stream: StreamHistory, bot_id: str, node: str, moved: int, at: int) -> bool:
    """Whether fleet has handled a state by then that says where a robot is since it was moved, and that counts."""
    since = max((one.said for one in stream.online[bot_id] if one.received <= at), default=moved)
    return any(
        one.node == node and one.said >= max(since, moved) and one.handled is not None and one.handled <= at
        for one in stream.reports[bot_id]
    )


def _given_up(stream: StreamHistory) -> Iterator[Violation]:
    """Robots that left while they gave up an order, and neither worked at an action nor put anything back."""
    for bot_id, deeds in stream.deeds.items():
        for at, deed in deeds:
            if deed["what"] == "left" and deed["stuck"]:
                text = f"the robot {bot_id} gives up {deed['order']}, and waits for what does not begin"
                yield Violation(GIVEN_UP, text, {"robot": bot_id, "at": at})


def _cancelled(stream: StreamHistory) -> Iterator[Violation]:
    """Orders that are over as fleet knows, and that a robot shows for long, though it was never told to cancel them.

    Judged by states of a session that fleet knew of, for others may not count.
    """
    told = {
        (sent.bot_id, parameter["value"])
        for sent in stream.sent
        for action in sent.content.get("actions", ())
        if action.get("actionType") == "cancelOrder"
        for parameter in action.get("actionParameters", ())
    }
    for bot_id, reports in stream.reports.items():
        begun: dict[str, Report] = {}
        for one in reports:
            if not (one.is_active and one.goes_on and one.handled is not None and _is_over(one, stream)):
                continue
            if not _counts(one, reports, stream) or _leaves_at_once(one, stream):
                continue
            first = begun.setdefault(one.order_id, one)
            if one.said - first.said >= LONG_ENOUGH and (bot_id, one.order_id) not in told:
                text = f"the robot {bot_id} showed {one.order_id} for {(one.said - first.said) // SECOND} s"
                yield Violation(CANCELLED, text, {"robot": bot_id, "order": one.order_id})
                break


def _counts(report: Report, reports: Sequence[Report], stream: StreamHistory) -> bool:
    """Whether a state was the newest that fleet had, of a session that it knew of."""
    at = report.received or 0
    began = [online.handled for online in stream.online[report.bot_id] if online.said <= report.said]
    newest = max((one.told_at for one in reports if one.received and one.received <= at), default=report.told_at)
    return newest == report.told_at and all(handled is not None and handled < at for handled in began)


def _leaves_at_once(report: Report, stream: StreamHistory) -> bool:
    """Whether a robot's connection ended before fleet could answer a state."""
    ends = (at for at, event, _ in stream.presence[report.bot_id] if event == "disconnected")
    return any(report.said <= at < report.said + TO_ANSWER for at in ends)


def _is_over(report: Report, stream: StreamHistory) -> bool:
    """Whether fleet had handled that a robot's order is over before a function received this state."""
    known = [one for one in stream.known[report.bot_id] if report.received and one.handled < report.received]
    newest = max(known, key=_version, default=None)
    its = max((one.version for one in known if one.assignment == assignment_of(report.order_id)), default=None)
    if newest is None or its is None or newest.assignment == assignment_of(report.order_id):
        return False
    return newest.version > its


def _retired(history: ParsedHistory, stream: StreamHistory, deliveries: Deliveries) -> Iterator[Violation]:
    told: dict[str, int] = {}
    for copy in history.copies.values():
        message, at = copy.message, copy.deleted
        if (
            copy.queue == FLEET
            and message
            and message.name == "BotRetired"
            and at
            and (FLEET, message.id) in deliveries.handled
        ):
            bot_id = message.data["bot_id"]
            told[bot_id] = min(at, told.get(bot_id, at))
    active = defaultdict(list)
    for id, (thing, status) in history.final.get("certificates", {}).items():
        if status == "ACTIVE":
            active[thing].append(id)
    for bot_id, at in told.items():
        late = [when for when, event, _ in stream.presence[bot_id] if event == "connected" and when > at + REVOCATION]
        if late:
            text = f"the robot {bot_id} connected {(late[0] - at) // SECOND} s after its retirement was handled"
            yield Violation(RETIRED, text, {"robot": bot_id})
        if active[bot_id] and history.is_quiescent:
            yield Violation(REVOKED, f"the retired robot {bot_id} has an active certificate", {"robot": bot_id})


def _version(known: Known) -> int:
    return known.version


def _named(sent: Sent) -> str:
    what = f"the order {sent.content.get('orderId')}" if sent.kind == "order" else f"a message ({sent.kind})"
    return f"{what} for the robot {sent.bot_id}"


def _has(known: Known) -> str:
    return f"the assignment {known.assignment}" if known.assignment else "that it has none"
