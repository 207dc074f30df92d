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
MARK = re.compile(r"^ *<!-- not run: (.+) -->$")
PROGRAMS = ("make", "python", "python3", "mallbots", "aws", "call", "curl", "openssl", "git", "cd", "mkdir", "export")
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
    """A shell block. line: of its first line in the page. reason: why it is not run here, if it is not."""

    page: str
    line: int
    text: str
    reason: str | None = None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(pages: list[Path] | None = None) -> list[Block]:
    """The shell blocks of the pages."""
    return [block for page in pages or PAGES for block in blocks_of(page.read_text(), str(page.relative_to(ROOT)))]


def blocks_of(text: str, page: str) -> Iterator[Block]:
    """The shell blocks of a page: in fences, or indented by four after an empty line."""
    lines = text.splitlines()
    at, reason = 0, None
    while at < len(lines):
        language = FENCE.match(lines[at])
        begin = at + 1 if language else at
        if language:
            at = next(end for end in range(begin, len(lines)) if FENCE.match(lines[end]))
        elif INDENT.match(lines[at]) and not (at and lines[at - 1].strip() and not MARK.match(lines[at - 1])):
            at = next((end for end in range(begin, len(lines)) if not INDENT.match(lines[end])), len(lines))
        else:
            marked = MARK.match(lines[at])
            reason = marked[1] if marked else reason if not lines[at].strip() else None
            at += 1
            continue
        body = dedent("\n".join(lines[begin:at]))
        if is_shell(body, language[1] if language else ""):
            yield Block(page, begin + 1, body, reason)
        reason = None
        at += 1 if language else 0


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
