"""What a verb works with: the stage, who is signed in, where it prints, and what the user allowed."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from clients.cli import session, stages
from clients.cli.account import Account
from clients.cli.ending import BROKEN, FAILED, NOT_FOUND, USAGE, EndedError, UnansweredError, unknown, whole
from clients.cli.output import Output
from clients.cli.stages import Stage
from clients.cli.wording import counted
from clients.mall import Json, Mall, MallError

T = TypeVar("T")

FEW = 1_000  # rows of a list, where the user does not say how many
ALL = sys.maxsize


@dataclass(frozen=True)
class Known:
    """Ids that there are. more: there are others, which were not looked at."""

    ids: tuple[str, ...]
    more: bool = False


@dataclass
class Tool:
    """One command at work. dry_run: it changes nothing. yes: it does not ask. no_input: it must not ask.

    seconds: that each step of a request may take. silent: the services that did not answer.
    """

    stage_name: str
    out: Output
    dry_run: bool = False
    yes: bool = False
    no_input: bool = False
    seconds: float = 30
    silent: list[str] = field(default_factory=list)
    _read: dict[str, list[Json]] = field(default_factory=dict)

    @cached_property
    def stage(self) -> Stage:
        """The stage that was named. Raises EndedError."""
        return stages.stage(self.stage_name)

    @cached_property
    def mall(self) -> Mall:
        """The stage's API as the person who is signed in. Raises EndedError."""
        with told(self.stage_name):
            return Mall(self.stage.api, session.credential(self.stage), seconds=self.seconds)

    @cached_property
    def account(self) -> Account:
        """AWS, with the credentials of the environment; of a local mall, its engine."""
        return Account(self.stage)

    def get(self, path: str) -> Json:
        """GET. Raises EndedError."""
        return self.call("GET", path)

    def post(self, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """POST. Raises EndedError."""
        return self.call("POST", path, body or {}, key=key)

    def put(self, path: str, body: Json | None = None) -> Json:
        """PUT. Raises EndedError."""
        return self.call("PUT", path, body or {})

    def answered(self, service: str, ask: Callable[[], T]) -> T | None:
        """What a service answers; None where it fails, which is said once and kept in `silent`.

        Raises EndedError where it refuses.
        """
        if service in self.silent:
            return None
        try:
            return ask()
        except EndedError as error:
            if not error.is_silence:
                raise
            self.silent.append(service)
            self.out.say(f"{service} does not answer: {error.message}", style="red")
            return None

    def call(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """One request, whose errors end the command: what was not found by 3, a value that is none by 2, else by 1."""
        with told(self.stage_name, changes=method != "GET"):
            return self.mall.call(method, path, body, key=key)

    def found(self, path: str, what: str, given: str, known: Callable[[], Known]) -> Json:
        """GET of one thing by the id at the end of `path`: all of it, or a beginning that one of `known` alone has.

        Where there is none, the nearest is named; where more than one begins so, these are. Where only a part of all
        is known, no beginning is taken: another may begin so. Raises EndedError.
        """
        try:
            return self.get(path)
        except EndedError as error:
            if error.code != NOT_FOUND:
                raise
        seen = known()
        if not (id := whole(what, given, seen.ids)):
            raise _beyond(what, given, seen) if seen.more else unknown(what, given, seen.ids)
        if seen.more:
            looked = f"there are more than the {len(seen.ids):,} that were looked at"
            raise EndedError(f"{given} may begin more than one {what}: {looked}", USAGE, f"the whole id, such as {id}")
        self.out.say(f"{given} is {what} {id}")
        return self.get(path.removesuffix(at(given)) + at(id))

    def known(self, path: str, member: str, field: str = "id") -> Known:
        """The ids in a list, or in the first part of a long one. Raises EndedError."""
        found, more = self.counted(path, member)
        return Known(tuple(str(one[field]) for one in found), more)

    def once(self, path: str, member: str) -> list[Json]:
        """The items of a list that has no pages, asked once for all who want it. Raises EndedError."""
        if path not in self._read:
            self._read[path] = self.get(path)[member]
        return self._read[path]

    def whole_once(self, path: str, member: str) -> list[Json]:
        """All items of a list that has pages, however many, asked once for all who want it. Raises EndedError."""
        if path not in self._read:
            self._read[path] = self.pages(path, member, ALL)
        return self._read[path]

    def pages(self, path: str, member: str, most: int = FEW) -> list[Json]:
        """The items of a list, as many as are wanted, read page by page. Raises EndedError."""
        return self.counted(path, member, most)[0]

    def listed(self, path: str, member: str, limit: int) -> list[Json]:
        """The same for a verb that lists them, which says that there are more than its --limit."""
        found, more = self.counted(path, member, limit)
        if more:
            self.out.say(f"the first {limit}; there are more: --limit {10 * limit}")
        return found

    def counted(self, path: str, member: str, most: int = FEW) -> tuple[list[Json], bool]:
        """The same, and whether there are more."""
        found, more, _ = self.read(path, member, most)
        return found, more

    def read(self, path: str, member: str, most: int = FEW) -> tuple[list[Json], bool, Json]:
        """The same, and the last page that was read, whole."""
        found: list[Json] = []
        joiner, after, page = "&" if "?" in path else "?", "", {}
        while len(found) < most:
            page = self.get(f"{path}{joiner}limit={min(100, most - len(found))}{after}")
            found += page[member]
            if not page.get("next"):
                return found, False, page
            after = f"&next={quote(page['next'], safe='')}"
        return found, True, page

    def agreed(self, what: str) -> bool:
        """Whether to do what is said: not in a dry run, which says what it would do; else as the user answers.

        Raises EndedError where no one can be asked, and where the answer is no.
        """
        stage = f"stage {self.stage_name}"
        if self.dry_run:
            self.out.say(f"{stage}: would {what}; nothing was changed (--dry-run)")
            return False
        if self.yes:
            return True
        if self.no_input or not sys.stdin.isatty():
            raise EndedError(f"{stage}: this would {what}", USAGE, "--yes does it, --dry-run only says so")
        self.out.say(f"{stage}: {what}? [y/N]", style="bold")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise EndedError("nothing was changed", FAILED)
        return True

    def typed(self, *words: str) -> str:
        """A command about this stage, as one types it: `mallbots run resume 01a7 --stage prod`."""
        return stages.typed(self.stage_name, *words)

    def wait(self, seconds: float) -> None:
        """Let a while pass, before how far something is is asked again."""
        time.sleep(seconds)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if "mall" in self.__dict__:
            self.mall.__exit__(None, None, None)


@contextmanager
def told(stage: str, *, changes: bool = False) -> Iterator[None]:
    """Within the block, what a mall refuses, and one that does not answer, ends the command.

    changes: whether what has no answer may have changed something.
    """
    try:
        yield
    except MallError as error:
        raise _refused(error, stage) from None
    except httpx.HTTPError as error:
        is_local = stage == stages.LOCAL
        start = f"start it: make up{stages.of_make()}" if is_local else "look at its alarms, and at this network"
        said = f"stage {stage} does not answer ({error})" + "; what it was asked for may have been done" * changes
        raise UnansweredError(said, FAILED, start) from None


def _beyond(what: str, given: str, seen: Known) -> EndedError:
    """That what was looked at has no such thing, and there is more."""
    looked = f"among the first {counted(len(seen.ids), what)}"
    return EndedError(f"{given!r} is not {looked}: give the whole id", NOT_FOUND)


def _refused(error: MallError, stage: str) -> EndedError:
    login, logout = stages.typed(stage, "login"), stages.typed(stage, "logout")
    message, code, hint = f"{error.message} ({error.status} {error.code})", FAILED, ""
    match error.status:
        case 404:
            message, code = error.message, NOT_FOUND
        case 400:
            code = USAGE
        case 401:
            message, hint = f"stage {stage} does not know you", login
        case 403:
            message = f"your role may not do this: {error.message}"
            hint = f"who you are: {stages.typed(stage, 'whoami')}; to be another: {logout}, then {login}"
        case number if number >= BROKEN:
            message += f", X-Correlation-Id {error.flow}" if error.flow else ""
            status, logs = stages.typed(stage, "status"), stages.typed(stage, "logs SERVICE")
            hint = f"see which service: {status}; its log lines: {logs}"
    return EndedError(message, code, hint, error.status)


def query(**given: Any) -> str:
    """`?name=value` of what is given; empty for nothing."""
    parts = [f"{name}={quote(str(value), safe='')}" for name, value in given.items() if value not in (None, "")]
    return "?" + "&".join(parts) if parts else ""


def at(text: str) -> str:
    """An id as a part of a path."""
    return quote(text, safe="")
