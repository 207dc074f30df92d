"""A provider of text messages in memory."""

from dataclasses import dataclass

from functions.notifications.sns import UnreachableNumberError


@dataclass(frozen=True)
class Text:
    """A text that the provider was asked to send."""

    number: str
    text: str
    request_id: str


class MemoryTexts:
    """Records what it was asked to send; while it is `down` it fails. Numbers in `unreachable` are refused."""

    def __init__(self) -> None:
        self.asked: list[Text] = []
        self.unreachable: set[str] = set()
        self.down = False

    def send(self, number: str, text: str, request_id: str) -> None:
        if self.down:
            raise ConnectionError("the provider is down")
        if number in self.unreachable:
            raise UnreachableNumberError("the number cannot be reached by text")
        self.asked.append(Text(number, text, request_id))

    @property
    def arrived(self) -> list[Text]:
        """What reached a phone: one text for one request id."""
        first: dict[str, Text] = {}
        for text in self.asked:
            first.setdefault(text.request_id, text)
        return list(first.values())
