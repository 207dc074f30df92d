"""How a function becomes a verb: its help, its example, and the options that all verbs share.

A verb takes a Tool first; what follows are its own arguments. Its docstring is its help.
"""

import functools
import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from clients.cli import stages
from clients.cli.listing import BEGIN, Listed
from clients.cli.output import Output
from clients.cli.stages import CHOSEN, LOCAL
from clients.cli.tool import Tool

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.", rich_help_panel="Every verb")]
StageName = Annotated[
    str,
    typer.Option(
        "--stage",
        envvar=CHOSEN,
        autocompletion=lambda: stages.names(),
        help="Which deployment; the local mall is that of PORT and STATE.",
        rich_help_panel="Every verb",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without a question.")]
NoInput = Annotated[bool, typer.Option("--no-input", help="Fail rather than ask.", rich_help_panel="Every verb")]


@dataclass(frozen=True)
class Verb:
    """A verb as it is typed, what it does in a sentence, its example, and whether it changes anything."""

    words: str
    does: str
    example: str
    changes: bool


VERBS: list[Verb] = []

app = typer.Typer(
    cls=Listed,
    epilog=BEGIN,
    help="See everything, mend anything: of a local mall (PORT and STATE, as for make), or of a --stage on AWS.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(stages.version())
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """The options that stand before a verb."""


_groups: dict[str, typer.Typer] = {"": app}


def verb(words: str, example: str, *, changes: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as a verb. words: as it is typed, such as `dead list`. example: a command line that works."""
    parent, _, name = words.rpartition(" ")

    def register(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def run(**given: Any) -> None:
            tool = Tool(
                stage_name=given.pop("stage"),
                out=Output(as_json=given.pop("as_json")),
                no_input=given.pop("no_input"),
                dry_run=given.pop("dry_run", False),
                yes=given.pop("yes", False),
            )
            try:
                function(tool, **given)
            except BrokenPipeError:  # whoever read has enough, such as head; nothing is flushed into the pipe at exit
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            finally:
                tool.close()

        run.__signature__ = _with_shared(function, changes)  # type: ignore[attr-defined]  # as inspect reads it
        run.__annotations__ = {one.name: one.annotation for one in inspect.signature(run).parameters.values()}
        del run.__wrapped__  # inspect would take the signature of what is wrapped
        text = inspect.cleandoc(function.__doc__ or "")
        _groups[parent].command(name, help=text, epilog=f"Example: {example}")(run)
        VERBS.append(Verb(words, " ".join(text.split("\n\n")[0].split()), example, changes))
        return function

    return register


def group(name: str, text: str) -> None:
    """Register a verb that has verbs: `dead list`."""
    _groups[name] = typer.Typer(cls=Listed, help=text, no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(_groups[name], name=name)


def _with_shared(function: Callable[..., None], changes: bool) -> inspect.Signature:
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared: list[tuple[str, Any, Any]] = [
        *([("dry_run", DryRun, False), ("yes", Yes, False)] if changes else []),
        ("stage", StageName, LOCAL),
        ("as_json", Json, False),
        ("no_input", NoInput, False),
    ]
    named = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, kind, default in shared
    ]
    return inspect.Signature([*(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own), *named])
