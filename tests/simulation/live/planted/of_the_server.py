"""Planted bugs of live's handlers."""

from functions.kernel.messaging.inbox import Inbox
from functions.kernel.projections.projection import Projection
from functions.live import board, log, service, subscriptions
from tests.simulation.live.check import EPOCH, FITS, LOGGED, NUMBERS, RESUMED, WINDOW, WORKS_FIRST
from tests.simulation.live.compare import EQUAL, FORGOTTEN, PUBLISHED, PUSHED
from tests.simulation.live.planted.bug import ServerBug
from tests.simulation.live.snapshots import AS_LOGGED
from tests.simulation.planted.bug import Edit

BUGS = (
    ServerBug(
        "answered before it works",
        "A subscription is answered before it is written.",
        (WORKS_FIRST,),
        (
            Edit(
                service.subscribe,
                "subscriptions.subscribe(connection, one.topic)\n",
                "for shard in _shards(one):\n"
                "                for text in _catch_up(shard, log.watches([shard]).get(shard), one, packed):\n"
                "                    _deliver(connection, text)\n"
                "            subscriptions.subscribe(connection, one.topic)\n",
            ),
        ),
    ),
    ServerBug(
        "the head after the rows",
        "A snapshot's position is read after its rows.",
        (AS_LOGGED, EQUAL, PUSHED),
        (
            Edit(
                service._catch_up,
                "yield from board.snapshot(shard, watch, log.head(shard, watch))",
                "texts = list(board.snapshot(shard, watch, 0))\n"
                "        head = log.head(shard, watch)\n"
                "        yield from (text.replace('\"position\":0', f'\"position\":{head}', 1) for text in texts)",
            ),
        ),
    ),
    ServerBug(
        "a watch that is over is not closed",
        "A worker that finds a watch past its time leaves the log out, and says so to nobody.",
        (LOGGED, EQUAL, PUSHED),
        (
            Edit(
                log.append,
                "if _write(shard, replace(watch, closed=True, version=watch.version + 1)):\n"
                "                return None",
                "return None",
            ),
        ),
    ),
    ServerBug(
        "a watch is read as it was",
        "A worker reads the watches eventually consistent.",
        (LOGGED, EQUAL, PUSHED),
        (Edit(log.watches, "consistent=True", "consistent=False"),),
    ),
    ServerBug(
        "numbers begin again",
        "Once all items of a log have expired, its numbers begin again.",
        (NUMBERS,),
        (Edit(log.head, "max([watch.base, *map(int, newest.sorts)])", "max([0, *map(int, newest.sorts)])"),),
    ),
    ServerBug(
        "an item is overwritten",
        "An item whose number another worker took replaces that one's.",
        (NUMBERS,),
        (Edit(log._add, "expires=expires), 1)", "expires=expires), int(clock.now().timestamp() * 1_000_000))"),),
    ),
    ServerBug(
        "a resume begins too late",
        "A resume leaves out the first item that was missed.",
        (RESUMED, WINDOW),
        (
            Edit(log.since, "entry.position != position + len(entries) + 1", "False"),
            Edit(log._from, "first=_sort(position)", "first=_sort(position + 2)"),
        ),
    ),
    ServerBug(
        "a resume without the newest",
        "A resume leaves out the newest item.",
        (RESUMED,),
        (Edit(service._catch_up, "if packed:", "missed = missed[:-1]\n    if packed:"),),
    ),
    ServerBug(
        "a watch is never extended",
        "Pings do not extend a watch, so its epoch ends while pages watch.",
        (WINDOW,),
        (Edit(log._extended, "if watch.is_fresh:", "if True:"),),
    ),
    ServerBug(
        "two epochs at once",
        "Of two pages that begin to watch, each has an epoch of its own.",
        (EPOCH,),
        (
            Edit(
                log.take,
                "if _write(shard, new):\n                return new",
                "_write(shard, new)\n            return new",
            ),
        ),
    ),
    ServerBug(
        "pongs without heads",
        "A pong names the beginning of each log.",
        (EQUAL, PUSHED),
        (Edit(service.ping, "log.head(shard, watch) if watch else 0", "0"),),
    ),
    ServerBug(
        "the gone are kept",
        "Subscriptions of a connection that has ended are kept.",
        (FORGOTTEN,),
        (Edit(subscriptions.forget, "runtime.current().views.delete(_subscribers(topic), connection)", "pass"),),
    ),
    ServerBug(
        "a lost append",
        "Messages whose changes could not be appended are not retried.",
        (LOGGED, EQUAL, PUSHED),
        (
            Edit(
                Inbox._in_turn,
                'failed += [record["messageId"] for record in handled if not self._may_leave(record, error, batch)]',
                "pass",
            ),
        ),
    ),
    ServerBug(
        "a change that comes again is left out",
        "A worker appends only changes whose rows it has just written, so that a crash in between loses one.",
        (LOGGED, EQUAL, PUSHED, PUBLISHED),
        (
            Edit(
                Projection._write,
                "runtime.current().views.put(row, metadata.stream_version)",
                "if not runtime.current().views.put(row, metadata.stream_version):\n"
                "                    runtime.current().adapters.setdefault('again', set()).add(metadata.id)",
            ),
            Edit(
                service._changed,
                'there[key]["version"] == newest[key]',
                "one.metadata.id not in runtime.current().adapters.get('again', ())",
            ),
        ),
    ),
    ServerBug(
        "a snapshot in one frame",
        "A snapshot is not split.",
        (FITS,),
        (Edit(board.split, "parts[-1] and filled + size > ROWS_BYTES", "False"),),
    ),
)
