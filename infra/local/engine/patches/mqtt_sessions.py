"""IoT Core's message broker: what outlives a connection, and what outlives the engine.

Restored behaviour of AWS:

- A session that is resumed gets at once what it did not acknowledge, without what has expired meanwhile. The engine
  waits for half a minute, and sends expired messages too.
  https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-persistent-sessions
- A client that subscribes again to what it has subscribed to replaces its subscription, so that each message comes
  once; a resumed session is not sent the retained messages again.
  https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html#_Toc3901164
- The version of presence events begins at 0 again when a client was away for about an hour.
  https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html

No behaviour of AWS, whose broker does not stop: a stop ends all connections as a broker's, with wills and presence
events, before the state is saved; persistent sessions and presence versions are part of the state. A kill loses what
happened since the last save, so versions skip some numbers at each start.

Settings, for tests: `MQTT_PRESENCE_RESET_SECONDS`.
"""

import os
import time
from typing import Any

from infra.local.engine.patches.mqtt import disconnect
from infra.local.engine.seams import Seams, module

RESET_SECONDS = float(os.environ.get("MQTT_PRESENCE_RESET_SECONDS", "3600"))
SKIPPED_AT_START = 1000
LONG_AGO = float("-inf")
SERVER_SHUTTING_DOWN = 0x8B

Key = tuple[str, str, str]


def apply() -> None:
    if os.environ.get("IOT_MTLS_ENABLED") == "0":
        return
    seams = Seams("mqtt_sessions")
    iot = module("services.iot")
    send_again(seams, iot)
    subscribe_once(seams, iot)
    presence = Presence(seams, iot)
    keep_sessions(seams, iot, presence)
    end_with_the_engine(seams, iot)


def send_again(seams: Seams, iot: Any) -> None:
    message_type = seams.take(iot, "_InFlightMessage")
    preserve = seams.take(iot._WSSession, "_preserve_session")
    interval = seams.take(iot, "_RETRANSMIT_INTERVAL_SECONDS")
    seams.need(iot, "_aged_properties", "_make_publish", "_persistent_sessions")

    class Message(message_type):  # type: ignore[misc,valid-type]  # the engine has no types
        __slots__ = ("since",)

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            self.since = time.time()

    def preserve_for_resending(session: Any) -> None:
        preserve(session)
        kept = iot._persistent_sessions[session.account_id, session.region, session._client_id]
        for message in kept.in_flight.values():
            message.sent_at = LONG_AGO

    async def send_due(session: Any) -> None:
        now = iot._mtls_loop.time()
        for packet, message in list(session._in_flight.items()):
            if now - message.sent_at < interval:
                continue
            properties = iot._aged_properties(message.properties, message.since)
            if properties is None:
                session._in_flight.pop(packet, None)
                continue
            message.sent_at = now
            message.retransmit_count += 1
            again = iot._make_publish(
                message.topic,
                message.payload,
                qos=1,
                packet_id=packet,
                retain=message.retain,
                properties=session._publish_properties(properties),
            )
            await session.send_bytes(again)

    seams.replace(iot, "_InFlightMessage", Message)
    seams.replace(iot._WSSession, "_preserve_session", preserve_for_resending)
    seams.replace(iot._WSSession, "_retransmit_due", send_due)


def subscribe_once(seams: Seams, iot: Any) -> None:
    subscribe = seams.take(iot, "broker_subscribe")
    never = seams.take(iot, "RETAIN_HANDLING_SEND_NEVER")
    seams.need(iot, "_subscriptions", "_scoped_topic")

    async def replace_subscription(account: str, region: str, topic: str, *rest: Any, **named: Any) -> str:
        client = named.get("client_id")
        if client is not None:
            named.setdefault("retain_handling", never)  # only a SUBSCRIBE names it
        made: str = await subscribe(account, region, topic, *rest, **named)
        subscribers = iot._subscriptions.get(iot._scoped_topic(account, region, topic), set())
        for other in [each for each in subscribers if client is not None and each.client_id == client]:
            if other.subscription_id != made:
                subscribers.discard(other)
        return made

    seams.replace(iot, "broker_subscribe", replace_subscription)


class Presence:
    """The versions of presence events, which begin again after an hour without a connection."""

    def __init__(self, seams: Seams, iot: Any) -> None:
        self._iot = iot
        self._next = seams.replace(iot, "_next_presence_version", self.next)
        seams.need(iot, "_presence_versions", "_is_session_expired")
        self.last: dict[Key, float] = {}
        """When a client last connected or disconnected."""

    def next(self, *key: str) -> int:
        client: Key = key[0], key[1], key[2]
        away = time.time() - self.last.get(client, 0)
        if away > RESET_SECONDS and client not in self._iot._connected_clients and not self._is_kept(client):
            self._iot._presence_versions.pop(client, None)
        self.last[client] = time.time()
        return int(self._next(*client))

    def _is_kept(self, client: Key) -> bool:
        session = self._iot._persistent_sessions.get(client)
        return session is not None and not self._iot._is_session_expired(session)

    def state(self) -> list[list[Any]]:
        return [[*key, version, self.last.get(key, 0)] for key, version in self._iot._presence_versions.items()]

    def restore(self, saved: list[list[Any]]) -> None:
        for account, region, client, version, last in saved:
            self._iot._presence_versions[account, region, client] = version + SKIPPED_AT_START
            self.last[account, region, client] = last


def keep_sessions(seams: Seams, iot: Any, presence: Presence) -> None:
    state, restore = seams.take(iot, "_broker_get_state"), seams.take(iot, "_broker_restore_state")
    session_type = seams.take(iot, "_PersistentSessionState")

    def state_with_sessions() -> dict[str, Any]:
        saved: dict[str, Any] = state()
        kept = {key: stored(session) for key, session in iot._persistent_sessions.items()}
        for key, session in iot._connected_clients.items():
            if session._persist_session:
                kept[key] = live(session)
        sessions = [{"key": list(key), **session} for key, session in kept.items()]
        return {**saved, "sessions": sessions, "presence": presence.state()}

    def restore_with_sessions(saved: dict[str, Any] | None) -> None:
        restore(saved)
        presence.restore((saved or {}).get("presence", []))
        for each in (saved or {}).get("sessions", []):
            made = session_type(each["subscriptions"], each["since"], each["expiry"], each["identifier"])
            made.queued_messages = [tuple(message) for message in each["queued"]]
            iot._persistent_sessions[tuple(each["key"])] = made

    seams.replace(iot, "_broker_get_state", state_with_sessions)
    seams.replace(iot, "_broker_restore_state", restore_with_sessions)


def stored(session: Any) -> dict[str, Any]:
    """A session without a connection: what it did not acknowledge is queued again, before the rest."""
    return {
        "subscriptions": list(dict.fromkeys(session.subscriptions)),
        "since": session.created_at,
        "expiry": session.expiry_interval,
        "identifier": session.session_identifier,
        "queued": [*unacknowledged(session.in_flight), *session.queued_messages],
    }


def live(session: Any) -> dict[str, Any]:
    """A session whose connection the engine's end cuts."""
    return {
        "subscriptions": list(dict.fromkeys(session._sub_filters.values())),
        "since": time.time(),
        "expiry": session._session_expiry_interval,
        "identifier": session._session_identifier,
        "queued": unacknowledged(session._in_flight),
    }


def unacknowledged(messages: dict[int, Any]) -> list[tuple[Any, ...]]:
    return [(each.topic, each.payload, 1, each.properties, each.since) for each in messages.values()]


def end_with_the_engine(seams: Seams, iot: Any) -> None:
    application = module("app")
    handle = seams.take(application, "_handle_lifespan")

    async def handle_with_connections(scope: Any, receive: Any, send: Any) -> None:
        async def receive_after_the_end() -> Any:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                for session in list(iot._connected_clients.values()):
                    await disconnect(iot, session, SERVER_SHUTTING_DOWN, "SERVER_INITIATED_DISCONNECT")
            return message

        await handle(scope, receive_after_the_end, send)

    seams.replace(application, "_handle_lifespan", handle_with_connections)
