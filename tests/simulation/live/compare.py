"""The end of a schedule: what the pages show is what is stored, and that is what was published."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from functions.kernel.projections.view_store import read_item
from functions.live import topics
from functions.live.topics import Key, Shard
from functions.live.views import has_moved
from tests.simulation.check.violation import Violation
from tests.simulation.containers import BEGIN
from tests.simulation.live.cloud import LiveCloud
from tests.simulation.live.mall import Mall
from tests.simulation.live.page import Page

EQUAL = "in the end the board of a page equals the store"
PUBLISHED = "in the end the store has what was published last"
LIVE = "in the end a page is live, by one connection"
WORKS = "in the end a page that is live is subscribed to what it shows"
PUSHED = "in the end a change is pushed to who watches, not found by a ping"
FORGOTTEN = "who is gone is forgotten at the first post that finds it gone"

NEAR = timedelta(seconds=90)  # of the moment at which a row leaves its board: clocks differ
PATIENCE_US = 4_500_000  # of a page that waits until it may subscribe again

Rows = dict[str, tuple[int, dict[str, Any]]]


def compare(cloud: LiveCloud, mall: Mall, pages: Sequence[Page]) -> Iterator[Violation]:
    """What differs, some time after the last fault and the last message."""
    yield from _published(cloud, mall)
    for page in pages:
        shown = page.shows()
        open_ones = [socket for socket in page.sockets.values() if socket.is_open]
        state = shown["status"]["state"]
        if state != "live" or len(open_ones) != 1:
            text = f"{page.key} is {state}, with {len(open_ones)} open connections"
            yield Violation(LIVE, text, {"page": page.key})
        yield from _equal(cloud, page, shown, EQUAL)
        if state == "live" and open_ones:
            yield from _works(cloud, page, open_ones[0].id)


def pushed(cloud: LiveCloud, mall: Mall, pages: Sequence[Page]) -> Iterator[Violation]:
    """What a page lacks that was published a moment ago, and who is still subscribed that is gone."""
    yield from _published(cloud, mall)
    for page in pages:
        yield from _equal(cloud, page, page.shows(), PUSHED)
    watched = {f"subscribers {topic}" for page in pages for topic in page.topics if not topic.startswith("order:")}
    known = {f"subscribers {topic}" for topic in topics.SHARDS if _has_rows(mall, topic)}
    for partition, connection in cloud.views.items:
        if partition in watched & known and connection not in cloud.gateway.connections:
            yield Violation(FORGOTTEN, f"{connection} has ended, and is still among {partition}")


def _has_rows(mall: Mall, topic: str) -> bool:
    """Whether each shard of a topic was probed."""
    shards = {key.partition for key in mall.published}
    return any(topics.board(shard) in shards for shard in topics.shards(topic))


def _published(cloud: LiveCloud, mall: Mall) -> Iterator[Violation]:
    for key, (version, status) in sorted(mall.published.items()):
        stored = _stored(cloud, key) or {}
        if stored.get("version") != version or status not in (stored.get("status", status), stored.get("name")):
            yield Violation(PUBLISHED, f"{key} has version {stored.get('version')}, published was {version} {status}")


def _equal(cloud: LiveCloud, page: Page, shown: dict[str, Any], invariant: str) -> Iterator[Violation]:
    feeds = {(feed["topic"], feed["shard"]): feed for feed in shown["feeds"]}
    wanted = {(shard.topic, shard.number) for topic in page.topics for shard in topics.shards(topic)}
    if set(feeds) != wanted:
        yield Violation(invariant, f"{page.key} has {sorted(feeds)}, and wants {sorted(wanted)}")
    for topic, number in sorted(wanted & set(feeds)):
        rows = {row["id"]: (row["version"], row["data"]) for row in feeds[topic, number]["rows"]}
        stored = stored_rows(cloud, Shard(topic, number))
        there, here = (_without_leaving(cloud, topic, found) for found in (stored, rows))
        different = sorted(id for id in there | here if there.get(id) != here.get(id))
        if different:
            text = f"{page.key} differs from the store in {topic} {number}: " + ", ".join(
                f"{id} shown {here.get(id, ('-',))[0]}, stored {there.get(id, ('-',))[0]}" for id in different[:5]
            )
            yield Violation(invariant, text, {"page": page.key, "topic": topic})


def stored_rows(cloud: LiveCloud, shard: Shard) -> Rows:
    """The rows of a shard as they are stored, by their ids there."""
    items = cloud.views.items
    if shard.topic.startswith(topics.ONE_ORDER):
        keys = topics.keys_of_order(shard.topic)
    else:
        keys = {sort: Key(partition, sort) for partition, sort in items if partition == topics.board(shard)}
    found = {}
    for id, key in keys.items():
        data = _stored(cloud, key)
        if data is not None:
            found[id] = (data.pop("version"), data)
    return found


def _stored(cloud: LiveCloud, key: Key) -> dict[str, Any] | None:
    """The row of a place on a board, wherever it is stored."""
    data = read_item(cloud.views.items.get(key))
    return read_item(cloud.views.items.get(topics.beside(key))) if data and has_moved(data) else data


def _without_leaving(cloud: LiveCloud, topic: str, rows: Rows) -> Rows:
    """Rows without those that have left their board, or are about to."""
    if topic.startswith(topics.ONE_ORDER):
        return rows
    until = BEGIN + timedelta(seconds=cloud.now()) + NEAR
    return {id: row for id, row in rows.items() if not _leaves(row[1].get("leavesAt"), until)}


def _leaves(at: str | None, until: datetime) -> bool:
    return at is not None and datetime.fromisoformat(at) <= until


def _works(cloud: LiveCloud, page: Page, connection: str) -> Iterator[Violation]:
    late = _late_endings(cloud, connection)
    for topic in page.topics:
        if (f"subscribers {topic}", connection) not in cloud.views.items and topic not in late:
            yield Violation(WORKS, f"{page.key} is live and {connection} does not subscribe to {topic}")


def _late_endings(cloud: LiveCloud, connection: str) -> set[str]:
    """Topics that were unsubscribed twice, or late: a page waits for 5 s, then that may end a newer subscription."""
    entries = cloud.history.entries
    sent = {
        fields["id"]: (at_us, {entry["topic"] for entry in json.loads(fields["text"])["topics"]})
        for at_us, kind, fields in entries
        if kind == "frame" and fields["connection"] == connection and '"unsubscribe"' in fields["text"]
    }
    if not sent:
        return set()
    at_work: dict[str, str] = {}
    begun: Counter[str] = Counter()
    late: set[str] = set()
    for at_us, kind, fields in entries:
        if kind == "invocation" and fields["cause"][0] in sent:
            at_work[fields["container"]] = fields["cause"][0]
            begun[fields["cause"][0]] += 1
        elif kind == "ended" and fields["container"] in at_work:
            frame = at_work.pop(fields["container"])
            if at_us - sent[frame][0] > PATIENCE_US or fields["how"] != "ok":
                late.add(frame)
    return {topic for frame, (_, found) in sent.items() if frame in late or begun[frame] != 1 for topic in found}
