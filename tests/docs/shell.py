"""The shell blocks of the pages, and the commands that they are made of."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from tests.docs.test_docs import PAGES, ROOT

FENCE = re.compile(r"^ *```(\w*)")
INDENT = re.compile(r"^ {4,}\S")
MARK = re.compile(r"^ *<!-- (not run|Ctrl-C after): (.+) -->$")
OURS = ("make", "python", "python3", "mallbots", "aws")
PROGRAMS = (*OURS, "curl", "openssl", "git", "cd", "mkdir", "export", "echo")
BEGINS = re.compile(rf"^(?:(?:{'|'.join(PROGRAMS)}) |\.venv/bin/|for \w+ in |[a-z_]+=|[a-z_]+\(\) \{{)")
COMMENT = re.compile(r"(?:^|(?<=\s))#(?:\s.*)?$", re.MULTILINE)
INNER = re.compile(r"\$\(([^()]*)\)")
PLACEHOLDER = re.compile(r"<[\w-]+>")
NUMBERED = re.compile(r"(?<=\s)\d>&\d|(?<=\s)\d(?=>)")  # 2>&1, and the 2 of 2>
SEPARATORS = ";&|()\n"
KEYWORDS = ("do", "done", "then", "fi", "if", "{", "}", "!")
ASSIGNED = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A shell block. line: of its first line in the page.

    reason: why it is not run here, if it is not. until: what it prints before Ctrl-C is to end it.
    """

    page: str
    line: int
    text: str
    reason: str | None = None
    until: str | None = None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def script(self) -> str:
        """Its commands without remarks, by which two blocks are alike."""
        return "\n".join(line.rstrip() for line in COMMENT.sub("", self.text).splitlines() if line.strip())


def blocks(pages: list[Path] | None = None) -> list[Block]:
    """The shell blocks of the pages."""
    return [block for page in pages or PAGES for block in blocks_of(page.read_text(), str(page.relative_to(ROOT)))]


def blocks_of(text: str, page: str) -> Iterator[Block]:
    """The shell blocks of a page: in fences, or indented by four after an empty line."""
    lines = text.splitlines()
    at, marks = 0, dict[str, str]()
    while at < len(lines):
        language = FENCE.match(lines[at])
        begin = at + 1 if language else at
        if language:
            at = next(end for end in range(begin, len(lines)) if FENCE.match(lines[end]))
        elif INDENT.match(lines[at]) and not (at and lines[at - 1].strip() and not MARK.match(lines[at - 1])):
            at = _end_of_indented(lines, begin)
        else:
            if marked := MARK.match(lines[at]):
                marks[marked[1]] = marked[2]
            elif lines[at].strip():
                marks = {}
            at += 1
            continue
        body = dedent("\n".join(lines[begin:at]))
        if is_shell(body, language[1] if language else ""):
            yield Block(page, begin + 1, body, marks.get("not run"), marks.get("Ctrl-C after"))
        marks = {}
        at += 1 if language else 0


def _end_of_indented(lines: list[str], begin: int) -> int:
    """Where an indented block ends: an empty line is of it if it goes on behind."""
    end = begin
    for at in range(begin, len(lines)):
        if INDENT.match(lines[at]):
            end = at + 1
        elif lines[at].strip():
            break
    return end


def is_shell(body: str, language: str) -> bool:
    """Whether a block is for a shell: it says so, or says nothing and begins with a program that the pages use."""
    return language in ("sh", "bash") or (not language and bool(BEGINS.match(body)))


def commands(text: str) -> Iterator[list[str]]:
    """The simple commands of a script, as words, without assignments and redirections; those in `$(…)` first."""
    text = PLACEHOLDER.sub("x", COMMENT.sub("", text).replace("\\\n", " ").replace("…", "x"))
    text = NUMBERED.sub("", text)
    while found := INNER.search(text):
        yield from commands(found[1])
        text = text.replace(found[0], "answered", 1)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=SEPARATORS + "<>")
    lexer.whitespace, lexer.commenters, lexer.whitespace_split = " \t", "", True
    words: list[str] = []
    skip = False
    for word in [*lexer, ";"]:
        if word and not word.strip(SEPARATORS):
            if words:
                yield words
            words, skip = [], False
        elif word and not word.strip("<>&"):
            skip = True
        elif skip:
            skip = False
        elif words or not (word in KEYWORDS or ASSIGNED.fullmatch(word)):
            words.append(word)
