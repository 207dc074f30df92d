"""Which code signs what, and with which key, read from the source of all functions."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import functions

FUNCTIONS = Path(functions.__file__).parent
TOKENS = "kernel/runtime/tokens.py"  # makes and reads the tokens of customers and robots


def uses(*names: str) -> set[str]:
    """The files in which one of `names` is read or imported, such as `signing_key` or `jwt.encode`."""
    found = {file: {*read_in(file.read_text())} for file in FUNCTIONS.rglob("*.py")}
    return {str(file.relative_to(FUNCTIONS)) for file, read in found.items() if {*names} & read}


def read_in(source: str) -> Iterator[str]:
    """The names that a file reads and imports: alone, and behind the package or the name that they are of.

    A package is named as it is called itself, whatever the file calls it. Texts count too: `getattr` takes one.
    """
    tree = ast.parse(source)
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    packages = {name.asname or name.name: name.name for node in imported for name in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            package = (node.module or "").partition(".")[0]
            yield from (name.name for name in node.names)
            yield from (f"{package}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute):
            yield node.attr
            first = ast.unparse(node.value).partition(".")[0]
            yield f"{packages.get(first, first).partition('.')[0]}.{node.attr}"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("jwt.decode", "import jwt\njwt.decode(token)"),
        ("jwt.decode", "import jwt as j\nread = j.decode"),
        ("jwt.decode", "import jwt.api_jwt\njwt.api_jwt.decode(token)"),
        ("jwt.decode", "import jwt.api_jwt as j\nj.decode(token)"),
        ("jwt.decode", "from jwt import decode\ndecode(token)"),
        ("jwt.decode", "from jwt.api_jwt import decode as read\nread(token)"),
        ("signing_key", "key = runtime.current().signing_key"),
        ("signing_key", "from functions.kernel.runtime.runtime import signing_key as key"),
        ("signing_key", "key = signing_key"),
        ("signing_key", "key = getattr(runtime, 'signing_key')"),
    ],
)
def test_a_name_is_found_however_it_is_written(name: str, source: str) -> None:
    assert name in {*read_in(source)}


def test_a_name_of_another_package_is_not_taken_for_it() -> None:
    assert "jwt.decode" not in {*read_in("import json\nfrom base64 import decode\njson.decode\nbody.decode()")}


def test_the_key_of_pages_tokens_is_read_by_what_signs_those_alone() -> None:
    assert uses("signing_key") == {"kernel/rest/paging.py"}


@pytest.mark.parametrize("call", ["jwt.encode", "jwt.decode"])
def test_one_module_makes_and_reads_tokens(call: str) -> None:
    assert uses(call) == {TOKENS}
