"""An order's messages as they flow, read from the mall's own timeline."""

import threading
from types import TracebackType
from typing import Any

from rich.console import Console

from clients.mall import Mall, MallError


class Watch:
    """Prints each message of an order, once, while the block runs; `messages` holds all that were seen."""

    def __init__(self, address: str, order_id: str, console: Console) -> None:
        self.messages: list[dict[str, Any]] = []
        self._mall = Mall(address)
        self._order_id = order_id
        self._console = console
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self.look()

    def _follow(self) -> None:
        while not self._done.wait(0.3):
            self.look()

    def look(self) -> int:
        """Print what is new, and return how many messages there are."""
        try:
            found = self._mall.pages(f"/api/insights/orders/{self._order_id}/timeline", "messages")
        except MallError as error:
            if error.status != 404:
                raise
            return 0
        seen = {message["id"] for message in self.messages}
        names = {message["id"]: message["name"] for message in found}
        for message in found:
            if message["id"] not in seen:
                self.messages.append(message)
                self._print(message, names)
        return len(self.messages)

    def _print(self, message: dict[str, Any], names: dict[str, str]) -> None:
        service = message["source"].removeprefix("mallbots.")
        cause = message.get("causationId")
        because = f"because of {names.get(cause, cause)}" if cause else "asked over the API"
        self._console.print(f"  {message['time'][11:23]}  {service:<14}{message['name']:<34}{because}", highlight=False)
