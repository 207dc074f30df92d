"""How --help lists the verbs: by what one wants, each by a clause; and what is taken for what was meant."""

import re
from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperGroup

SECTIONS = {
    "What is wrong, and where is it": ("status", "doctor", "order", "trace", "wait", "top", "consumers", "logs"),
    "Mend": ("dead", "pause", "resume", "saga", "robot", "money", "customer", "replay", "rebuild", "runs", "run"),
    "Look back": ("history", "at", "diff", "audit", "incident", "catalog", "cost"),
    "Sign in, look, forget": ("login", "whoami", "logout", "open", "erase"),
    "Try, on a local mall": ("shoppers", "load", "send"),
}
BEGIN = """Begin with: mallbots status, mallbots order ID, mallbots doctor. What changes something asks before it does.
Options and an example of a verb: mallbots VERB --help.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 there is no such thing, 4 partly, or something needs a person,
130 ended by Ctrl-C.
"""
SHARED = ("--json", "--no-input", "--dry-run", "--yes", "-y")
STAGE = "--stage"


class Listed(TyperGroup):
    """The verbs, or those of a verb that has verbs."""

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # its own types
        """List each with the first clause of its help, which Typer would cut off after some characters."""
        listed = SECTIONS if ctx.parent is None else {"Verbs": tuple(self.commands)}
        for title, names in listed.items():
            with formatter.section(title):
                formatter.write_dl([(name, clause(self.commands[name].help or "")) for name in names])

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """As it was meant: `mallbots help order`, and options before the verb whose they are."""
        return super().parse_args(ctx, meant(args))

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """The verb that is called; for one that another verb has, that is named."""
        groups = {name: one for name, one in self.commands.items() if isinstance(one, TyperGroup)}
        found = [f"'{name} {args[0]}'" for name, one in groups.items() if args and args[0] in one.commands]
        if found and args[0] not in self.commands:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {', '.join(found)}?")
        return super().resolve_command(ctx, args)


def meant(words: Iterable[str]) -> list[str]:
    """The words, with the options that stand before a verb behind it, and `help` as --help."""
    before, rest = list[str](), list(words)
    while rest and rest[0].partition("=")[0] in (*SHARED, STAGE):
        before.append(rest.pop(0))
        if before[-1] == STAGE and rest:
            before.append(rest.pop(0))
    if rest[:1] == ["help"]:
        return [*rest[1:], "--help"]
    if not rest:
        return before
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *before, *rest[end:]]


def clause(text: str) -> str:
    """What a text says before its first colon, semicolon or full stop."""
    return re.split(r"[:;.](?:\s|$)", " ".join(text.split()), maxsplit=1)[0]
