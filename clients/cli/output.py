"""What a command prints: data on stdout, as text or as JSON; progress and questions on stderr."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2  # columns of the terminal between those of a table
WIDE = 1_000  # columns where no terminal reads: what greps a line wants it whole
# What a terminal obeys rather than shows: escape sequences, and what turns the direction of a line.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Output:
    """The two streams. Rich leaves colours out where NO_COLOR is set, and where no terminal reads.

    https://rich.readthedocs.io/en/stable/console.html#environment-variables
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out, self._err = _console(sys.stdout), _console(sys.stderr)

    def say(self, text: str, style: str = "") -> None:
        """A line of progress, or of advice."""
        self._err.print(Text(plain(text), style=style), soft_wrap=True)

    def line(self, text: str, style: str = "") -> None:
        """A line of data, in text alone."""
        self._out.print(Text(plain(text), style=style), soft_wrap=True)

    def lines(self, texts: Iterable[str]) -> None:
        """Lines of data, in text alone."""
        for text in texts:
            self.line(text)

    def show(self, data: Any, render: Callable[[], None]) -> None:
        """The data as JSON, or else as `render` prints it."""
        if self.as_json:
            self._out.file.write(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
            self._out.file.flush()
        else:
            render()

    def rows(self, data: Any, columns: Sequence[str], rows: Iterable[Sequence[Any]], empty: str) -> None:
        """A table, or the data as JSON. Where there are no rows, stdout stays empty and `empty` is said."""

        def render() -> None:
            found = [[_word(value) for _, value in zip(columns, row, strict=True)] for row in rows]
            if not found:
                self.say(empty)
            elif widths := _widths([columns, *found], self._out.width):
                self._draw(_table(columns, widths, found))
            else:
                self._stack(columns, found)

        self.show(data, render)

    def fields(self, data: Any, pairs: Iterable[tuple[str, Any]]) -> None:
        """One thing: a name and a value on each line, or the data as JSON."""

        self.show(data, lambda: self.pairs(pairs))

    def pairs(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """A name and a value on each line, in text alone; what is empty is left out."""
        grid = Table.grid(padding=(0, 2))
        for name, value in pairs:
            if value not in (None, "", [], {}):
                grid.add_row(Text(name, style="bold"), Text(_word(value)))
        self._draw(grid)

    def _stack(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Each row as lines of a name and a value: where a table would tear ids apart."""
        widest = max(map(len, columns))
        for number, row in enumerate(rows):
            if number:
                self.line("")
            self.lines(f"{name:{widest}}  {value}" for name, value in zip(columns, row, strict=True) if value)

    def _draw(self, table: Table) -> None:
        """Without the spaces at the end of each line, which Rich pads cells with."""
        with self._out.capture() as drawn:
            self._out.print(table)
        self._out.file.writelines(f"{line.rstrip()}\n" for line in drawn.get().splitlines())
        self._out.file.flush()


class _Console(Console):
    """Rich ends the process by 1 where no one reads any more; here it is for the caller to say how it ends."""

    def on_broken_pipe(self) -> NoReturn:
        raise BrokenPipeError


def plain(text: str) -> str:
    """A text of which a terminal obeys nothing: robots and others may have written it."""
    return _OBEYED.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def _console(file: TextIO) -> Console:
    return _Console(file=file, highlight=False, width=None if file.isatty() else WIDE)


def _table(columns: Sequence[str], widths: Sequence[int], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, width=width, overflow="fold")
    for row in rows:
        table.add_row(*(Text(value) for value in row))
    return table


def _widths(rows: Sequence[Sequence[str]], wide: int) -> list[int]:
    """The columns' widths, which leave every word whole, the first as wide as they like; none if that is too wide."""
    columns = list(zip(*rows, strict=True))
    least = [max(max((cell_len(word) for word in text.split()), default=0) for text in column) for column in columns]
    spare = wide - sum(least) - GAP * (len(columns) - 1)
    if spare < 0:
        return []
    widths = []
    for narrow, column in zip(least, columns, strict=True):
        more = min(spare, max(map(cell_len, column)) - narrow)
        spare -= more
        widths.append(narrow + more)
    return widths


def _word(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(", ".join(map(str, value)) if isinstance(value, list) else str(value))
