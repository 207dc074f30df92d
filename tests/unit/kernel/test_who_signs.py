"""Which code signs what, and with which key, read from the source of all functions."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import functions

FUNCTIONS = Path(functions.__file__).parent
TOKENS = "kernel/runtime/tokens.py"  # makes and reads the tokens of customers and robots


def uses(*names: str) -> set[str]:
    """The files in which an attribute or a name is read that is one of `names`, such as `jwt.encode`."""
    return {str(file.relative_to(FUNCTIONS)) for file in FUNCTIONS.rglob("*.py") if {*names} & {*read_in(file)}}


def read_in(file: Path) -> Iterator[str]:
    """The attributes that a file reads, alone and behind the name that they are read of."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Attribute):
            yield node.attr
            if isinstance(node.value, ast.Name):
                yield f"{node.value.id}.{node.attr}"


def test_the_key_of_pages_tokens_is_read_by_what_signs_those_alone() -> None:
    assert uses("signing_key") == {"kernel/rest/paging.py"}


@pytest.mark.parametrize("call", ["jwt.encode", "jwt.decode"])
def test_one_module_makes_and_reads_tokens(call: str) -> None:
    assert uses(call) == {TOKENS}
