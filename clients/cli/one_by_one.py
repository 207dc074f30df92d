"""Letters that are changed one after the other: what became of each is said, also where that ends half-way."""

from dataclasses import dataclass, field

from clients.cli.ending import FAILED, INTERRUPTED, PARTLY, USAGE, EndedError
from clients.cli.tool import Tool
from clients.cli.wording import counted
from clients.mall import Json

LETTERS = "/api/operations/letters"
NOT_YOU = (401, 403)


@dataclass
class Outcome:
    """The ids of letters. unknown: those that may be done. left: those that were not tried. refused: each with why."""

    left: list[str]
    done: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def said(self, action: str) -> str:
        """What became of them, in a sentence."""
        number = len(self.left) + len(self.done) + len(self.refused) + len(self.unknown)
        parts = [f"{action}: {len(self.done):,} of {counted(number, 'letter')}"]
        parts += [f"{id}: {why}" for id, why in self.refused.items()]
        parts += [f"it is not known whether {id} is done" for id in self.unknown]
        parts += [f"not tried: {', '.join(self.left)}"] if self.left else []
        return "; ".join(parts)


def change(tool: Tool, letters: list[Json], action: str, reason: str = "") -> None:
    """Ask, and park, discard or reopen letters. Raises EndedError where that is not done with all of them."""
    for one in letters:
        tool.out.say(f"{one['id']}  {one['state']}  {one['consumer']}  {one['message']}: {one['reason']}")
    outcome, ended = Outcome([one["id"] for one in letters]), None
    if agreed := tool.agreed(f"{action} {counted(len(letters), 'letter')}"):
        ended = _change(tool, outcome, action, reason)
    data = {action: outcome.done, "refused": outcome.refused, "unknown": outcome.unknown, "notTried": outcome.left}
    tool.out.show(data, lambda: tool.out.lines(outcome.done))
    if agreed and len(outcome.done) < len(letters):
        _end(outcome, ended, action)


def _change(tool: Tool, outcome: Outcome, action: str, reason: str) -> EndedError | None:
    """Change one after the other; what ended it before the last, if anything did."""
    left = outcome.left
    while left:
        try:
            tool.put(f"{LETTERS}/{left[0]}/{action}", {"reason": reason} if reason else {})
        except KeyboardInterrupt:
            outcome.unknown.append(left.pop(0))
            return EndedError("stopped", INTERRUPTED)
        except EndedError as error:
            if error.may_pass:
                outcome.unknown.append(left.pop(0))
            if error.may_pass or error.code == USAGE or error.status in (0, *NOT_YOU):
                return error  # the next one would end in the same way
            outcome.refused[left.pop(0)] = error.message
        else:
            outcome.done.append(left.pop(0))
    return None


def _end(outcome: Outcome, ended: EndedError | None, action: str) -> None:
    said = outcome.said(action)
    if ended is None:
        raise EndedError(said, PARTLY if outcome.done else FAILED)
    code = PARTLY if outcome.done and ended.code != INTERRUPTED else ended.code
    raise EndedError(f"{ended.message}; {said}", code, ended.hint, ended.status)
