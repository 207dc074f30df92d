"""What a test may not assert, of all tests: a claim that chance makes false now and then."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
# Ids, keys and digests print as hexadecimal digits: 64 of them hold a given three about once in 66 runs
# (62 places, 16^3 texts), a given seven about once in five million.
FEW_HEXADECIMAL_DIGITS = re.compile(r"[0-9a-f]{1,6}")


def short_texts_said_to_be_missing(source: str) -> list[str]:
    """The texts of `assert "text" not in …` that random hexadecimal digits may well hold."""
    return [
        node.left.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        and isinstance(node.ops[0], ast.NotIn)
        and isinstance(node.left, ast.Constant)
        and isinstance(node.left.value, str)
        and FEW_HEXADECIMAL_DIGITS.fullmatch(node.left.value)
    ]


def test_no_test_says_that_a_text_is_missing_which_a_random_id_may_hold() -> None:
    found = {
        f"{path.relative_to(TESTS)}: {text}"
        for path in TESTS.rglob("*.py")
        for text in short_texts_said_to_be_missing(path.read_text())
    }
    assert found == set(), "compare with a longer text, or with one that has more than hexadecimal digits"


def test_such_a_text_is_found_and_longer_or_other_ones_are_not() -> None:
    assert short_texts_said_to_be_missing('assert "555" not in rows') == ["555"]
    assert short_texts_said_to_be_missing('assert "15550100" not in rows') == []
    assert short_texts_said_to_be_missing('assert "Ada" not in rows and "555" in rows') == []
