"""One message of a commit is published again, whatever it is: that which a relay gave up, and no other."""

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Runtime
from tests.support.handling import bus_of, committed, queue_of
from tests.support.jars import jars


def filled(*coins: int) -> list[Outgoing]:
    """A jar with a commit for each number, and one of three events between; its messages."""
    for number, count in enumerate(coins):
        if number == 1:
            jars.create("jar-1", lambda jar: jar.fill_each(7, 8, 9))
        jars.create("jar-1", lambda jar, count=count: jar.fill(count))  # type: ignore[misc]
    return committed(runtime.current())


def resend(message: Outgoing) -> dict[str, object]:
    metadata = message.detail["metadata"]
    wanted = {"stream": metadata["stream"], "version": metadata["stream_version"], "message": message.id}
    return relay.serve({"resend": wanted})


def test_each_message_of_a_stream_is_published_again_alone_and_verbatim(running: Runtime) -> None:
    messages = filled(1, 2, 3)
    assert len(messages) == 6
    for message in messages:
        bus_of(running).messages.clear()
        assert resend(message) == {"sent": 1}
        assert bus_of(running).messages == [message]


def test_a_reminder_goes_to_the_services_own_queue(running: Runtime) -> None:
    filled(1)
    jars.change("jar-1", lambda jar: jar.seal())
    reminder = next(message for message in committed(running) if message.delay is not None)
    queue_of(running).sent.clear()
    assert resend(reminder) == {"sent": 1}
    assert len(queue_of(running).sent) == 1
    assert bus_of(running).messages == []


@pytest.mark.parametrize(("version", "message"), [(1, "another id"), (99, ""), (0, "")])
def test_what_no_commit_holds_is_not_sent(running: Runtime, version: int, message: str) -> None:
    [first] = filled(1)
    wanted = {"stream": "Jar#jar-1", "version": version, "message": message or first.id}
    assert relay.serve({"resend": wanted}) == {"sent": 0}
    assert relay.serve({"resend": {**wanted, "stream": "Jar#nothing"}}) == {"sent": 0}


def test_what_the_bus_does_not_take_is_an_error(running: Runtime) -> None:
    [first] = filled(1)
    bus_of(running).down = True
    with pytest.raises(UnavailableError, match="did not accept JarFilled"):
        resend(first)


def test_what_is_above_an_epochs_base_is_looked_for_in_a_few_reads(
    running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first] = filled(1)
    reads: list[int] = []
    page = running.store.page

    def counted(stream: str, after: int, limit: int) -> object:
        reads.append(after)
        assert len(reads) < 100
        return page(stream, after, limit)

    monkeypatch.setattr(running.store, "page", counted)
    for stream in ("Jar#jar-1", "Jar#nothing"):
        reads.clear()
        wanted = {"stream": stream, "version": 1_790_000_000_000_057, "message": first.id}
        assert relay.serve({"resend": wanted}) == {"sent": 0}
