"""DynamoDB's expressions, as far as the services use them: conditions and filters."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

Item = dict[str, dict[str, Any]]
Names = Mapping[str, str]
Values = Mapping[str, dict[str, Any]]
Condition = Callable[[Item, Names, Values], bool]
Operand = Callable[[Item, Names, Values], Any]

# Those of AWS's reserved words that might be the name of an attribute here.
RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
        ALL BATCH BEGIN BY CAPACITY COMMENT COMMIT CONDITION COUNT COUNTER DATA DATE DAY DEPTH END ERROR FIRST FROM
        GROUP HASH IDENTITY INDEX ITEM ITEMS KEY KEYS LAST LEFT LEVEL LIMIT LIST LOCATION LOCK NAME NAMES NEXT NUMBER
        OBJECT OLD ORDER OWNER PARTITION PATH PERMISSION PLAN POSITION RANGE RANK RECORD REFERENCE REGION REQUEST
        RESULT RETURN RIGHT ROLE ROW RULE SEARCH SEQUENCE SESSION SIZE SNAPSHOT SOURCE STATE STATUS STORE STREAM
        STRING TEXT TIME TIMESTAMP TOKEN TOTAL TTL TYPE UNIT URL USER UUID VALUE VALUES VIEW WORK YEAR ZONE
        """,
    )
)

_TOKEN = re.compile(r"\s*([#:]?\w+|<=|>=|<>|[=<>(),])")
_WORD = re.compile(r"[#:]?\w+")


class ExpressionError(ValueError):
    """An expression that DynamoDB refuses, or that is not simulated."""


def plain(value: dict[str, Any] | None) -> Any:
    """The value of an attribute, comparable within its type; None for a missing attribute."""
    if value is None:
        return None
    if "S" in value:
        return value["S"]
    if "N" in value:
        text = value["N"]
        return int(text) if text.lstrip("-").isdigit() else Decimal(text)
    if "BOOL" in value:
        return value["BOOL"]
    raise ExpressionError(f"attributes of this type are not simulated: {value}")


@cache
def placeholders(*expressions: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names and the values that expressions use. Raises ExpressionError where one uses a reserved word."""
    words = sorted({word for expression in expressions for word in _WORD.findall(expression)})
    for word in words:
        if word.upper() in RESERVED:
            raise ExpressionError(f"Attribute name is a reserved keyword; reserved keyword: {word}")
    names = frozenset(word for word in words if word.startswith("#"))
    return names, frozenset(word for word in words if word.startswith(":"))


def check_placeholders(request: Mapping[str, Any], *kinds: str) -> None:
    """Raises ExpressionError unless a request defines just the names and values that its expressions use."""
    expressions = [request[kind] for kind in kinds if kind in request]
    names, values = placeholders(*expressions)
    if request.get("ExpressionAttributeNames", {}).keys() != names:
        raise ExpressionError(f"a name is not defined, or not used in any expression: {expressions}")
    if request.get("ExpressionAttributeValues", {}).keys() != values:
        raise ExpressionError(f"a value is not defined, or not used in any expression: {expressions}")


@cache
def condition(expression: str) -> Condition:
    """A predicate on items for a condition expression. Raises ExpressionError."""
    parser = _Parser(expression)
    parsed = parser.either()
    parser.end()
    return parsed


def _name(token: str, names: Names) -> str:
    if not token.startswith("#"):
        return token
    if token not in names:
        raise ExpressionError(f"An expression attribute name used in the document path is not defined: {token}")
    return names[token]


class _Parser:
    """Recursive descent over OR, AND, NOT, comparisons, BETWEEN and the functions that are used."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._tokens: list[str] = _TOKEN.findall(expression)
        if "".join(self._tokens) != re.sub(r"\s+", "", expression):
            raise ExpressionError(f"cannot be read: {expression}")
        self._tokens.reverse()

    def _peek(self) -> str:
        return self._tokens[-1] if self._tokens else ""

    def _take(self, expected: str | None = None) -> str:
        if not self._tokens or (expected is not None and self._tokens[-1] != expected):
            raise ExpressionError(f"cannot be read, {expected or 'more'} is missing: {self._expression}")
        return self._tokens.pop()

    def end(self) -> None:
        if self._tokens:
            raise ExpressionError(f"cannot be read from {self._peek()} on: {self._expression}")

    def either(self) -> Condition:
        left = self.both()
        while self._peek().upper() == "OR":
            self._take()
            left = _either(left, self.both())
        return left

    def both(self) -> Condition:
        left = self.single()
        while self._peek().upper() == "AND":
            self._take()
            left = _both(left, self.single())
        return left

    def single(self) -> Condition:
        token = self._take()
        if token.upper() == "NOT":
            inner = self.single()
            return lambda item, names, values: not inner(item, names, values)
        if token == "(":
            inner = self.either()
            self._take(")")
            return inner
        if token in ("attribute_exists", "attribute_not_exists"):
            self._take("(")
            name = self._take()
            self._take(")")
            there = token == "attribute_exists"
            return lambda item, names, values: (_name(name, names) in item) is there
        if token == "begins_with":
            self._take("(")
            whole = _operand(self._take())
            self._take(",")
            begin = _operand(self._take())
            self._take(")")
            return _compare(token, whole, begin)
        return self._comparison(_operand(token))

    def _comparison(self, left: Operand) -> Condition:
        operator = self._take()
        if operator.upper() == "BETWEEN":
            low = _operand(self._take())
            self._take("AND")
            high = _operand(self._take())
            return _both(_compare(">=", left, low), _compare("<=", left, high))
        if operator not in _OPERATORS:
            raise ExpressionError(f"not simulated, or cannot be read: {self._expression}")
        return _compare(operator, left, _operand(self._take()))


def _operand(token: str) -> Operand:
    if not _WORD.fullmatch(token):
        raise ExpressionError(f"no operand: {token}")
    if token.startswith(":"):
        return lambda item, names, values: plain(values[token])
    return lambda item, names, values: plain(item.get(_name(token, names)))


def _either(left: Condition, right: Condition) -> Condition:
    return lambda item, names, values: left(item, names, values) or right(item, names, values)


def _both(left: Condition, right: Condition) -> Condition:
    return lambda item, names, values: left(item, names, values) and right(item, names, values)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "<>": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "begins_with": lambda a, b: bool(a.startswith(b)),
}


def _compare(operator: str, left: Operand, right: Operand) -> Condition:
    holds = _OPERATORS[operator]

    def compare(item: Item, names: Names, values: Values) -> bool:
        a, b = left(item, names, values), right(item, names, values)
        return a is not None and b is not None and type(a) is type(b) and holds(a, b)

    return compare
