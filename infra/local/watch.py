"""Print an order's messages as they are published, read from the insights service's timeline."""

import threading
from typing import Any

from rich.console import Console

from clients.mall import Mall, MallError


class Watch:
    """Prints each message of an order, once, from `start` to `stop`."""

    def __init__(self, staff: Mall, order_id: str, console: Console) -> None:
        self._messages: list[dict[str, Any]] = []
        self._mall = staff
        self._order_id = order_id
        self._console = console
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def start(self) -> "Watch":
        """Begin to poll, in the background."""
        self._thread.start()
        return self

    def stop(self) -> list[dict[str, Any]]:
        """Poll a last time, and return all messages that were seen."""
        self._done.set()
        self._thread.join()
        self._poll()
        return self._messages

    def _follow(self) -> None:
        while not self._done.wait(0.3):
            self._poll()

    def _poll(self) -> None:
        try:
            found = self._mall.pages(f"/api/insights/orders/{self._order_id}/timeline", "messages")
        except MallError as error:
            if error.status != 404:
                raise
            return
        seen = {message["id"] for message in self._messages}
        names = {message["id"]: message["name"] for message in found}
        for message in found:
            if message["id"] not in seen:
                self._messages.append(message)
                self._print(message, names)

    def _print(self, message: dict[str, Any], names: dict[str, str]) -> None:
        service = message["source"].removeprefix("mallbots.")
        cause = message.get("causationId")
        # Answers that changed nothing and robots' own messages are not in the timeline.
        unknown = "its robot's report" if service == "depot" else "an answer, or of what follows"
        because = f"because of {names.get(cause, unknown)}" if cause else "asked over the API"
        self._console.print(
            f"  {message['time'][11:23]}  {service:<14}{message['name']:<34}{because}", highlight=False, soft_wrap=True
        )
