"""The mutants of a module: small changes of its source, found by a pass over the syntax tree.

Decorated functions, registrations and module-level calls are reached too. Texts for people, logs and metering are not.
"""

import ast
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff

OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OBSERVING = re.compile(r"^(_?log(s|ger|ging)?|_?metrics?|observe|warnings)\b")
FOR_PEOPLE = {"description", "summary", "title", "text", "detail"}
DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Edit:
    """What replaces a piece of source."""

    operator: str
    begin: int
    end: int
    text: str


@dataclass(frozen=True)
class Mutant:
    """A changed module. identity: file, function, operator and a hash of the source that it changes."""

    identity: str
    file: str
    function: str
    operator: str
    source: str
    edit: Edit

    @property
    def mutated(self) -> str:
        """The source of the changed module."""
        return self.source[: self.edit.begin] + self.edit.text + self.source[self.edit.end :]

    @property
    def compiles(self) -> bool:
        """Whether the changed module is Python."""
        try:
            compile(self.mutated, self.file, "exec")
        except SyntaxError:
            return False
        return True

    @property
    def diff(self) -> str:
        """What is changed, with two lines around it."""
        lines = unified_diff(self.source.splitlines(), self.mutated.splitlines(), self.file, self.file, "", "", 2, "")
        return "\n".join(lines)


def mutants_of(file: str, source: str) -> list[Mutant]:
    """All mutants of a module, also those that do not compile."""
    found, seen = [], Counter[str]()
    for function, text, edit in _Pass(source).edits():
        original = source[edit.begin : edit.end]
        digest = hashlib.sha256("\0".join((text, original, edit.text)).encode()).hexdigest()[:10]
        name = f"{file}:{function}:{edit.operator}:{digest}"
        seen[name] += 1
        found.append(Mutant(f"{name}:{seen[name]}", file, function, edit.operator, source, edit))
    return found


class _Pass:
    def __init__(self, source: str) -> None:
        self._source = source
        self._encoded = [line.encode() for line in source.splitlines(keepends=True)]
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def edits(self) -> Iterator[tuple[str, str, Edit]]:
        """Each edit with the function it is in and the statement around it."""
        yield from self._within(ast.parse(self._source).body, "")

    def _within(self, body: list[ast.stmt], function: str) -> Iterator[tuple[str, str, Edit]]:
        for statement in body:
            if _is_left_out(statement):
                continue
            name = function
            if isinstance(statement, DEFINITIONS):
                name = f"{function}.{statement.name}".lstrip(".")
            text = self._text(statement).partition("\n")[0]
            yield from ((name or "<module>", text, edit) for edit in self._of_statement(statement, bool(function)))
            for child in _own_expressions(statement):
                yield from ((name or "<module>", text, edit) for edit in self._of_expression(child))
            yield from self._within(_bodies(statement), name)

    def _of_statement(self, statement: ast.stmt, in_function: bool) -> Iterator[Edit]:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for decorator in statement.decorator_list:
                    if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
                        begin, end = self._span(decorator)
                        yield Edit("registration removed", begin - 1, end, "")
            case ast.Expr(value=ast.Call()):
                yield self._edit("statement removed", statement, "pass")
                if in_function:
                    pad = " " * statement.col_offset
                    call = self._text(statement)
                    swallowed = f"try:\n{pad}    {call}\n{pad}except Exception:\n{pad}    pass"
                    yield self._edit("error swallowed", statement, swallowed)
            case ast.AugAssign() | ast.Delete() | ast.Continue() | ast.Break() | ast.Raise():
                yield self._edit("statement removed", statement, "pass")
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
                yield self._edit("statement removed", statement, "pass")
            case ast.If(test=test) | ast.While(test=test):
                yield self._edit("condition negated", test, f"not ({self._text(test)})")
            case ast.Try():
                for handler in statement.handlers:
                    begin, _ = self._span(handler.body[0])
                    _, end = self._span(handler.body[-1])
                    if self._source[begin:end] != "pass":
                        yield Edit("error swallowed", begin, end, "pass")

    def _of_expression(self, node: ast.AST) -> Iterator[Edit]:
        match node:
            case ast.JoinedStr():
                return
            case ast.Call(func=func) if OBSERVING.match(self._text(func)):
                return
            case ast.keyword(arg=str(name)) if name in FOR_PEOPLE:
                return
            case ast.IfExp(test=test):
                yield self._edit("condition negated", test, f"not ({self._text(test)})")
            case ast.comprehension(ifs=ifs):
                for test in ifs:
                    yield self._edit("condition negated", test, f"not ({self._text(test)})")
            case ast.BoolOp(op=operator, values=values):
                other = " or " if isinstance(operator, ast.And) else " and "
                yield self._edit(
                    "condition changed", node, "(" + other.join(f"({self._text(it)})" for it in values) + ")"
                )
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                changed = ast.Compare(left, [OPPOSITES[type(operator)]()], [right])
                yield self._edit("comparison changed", node, ast.unparse(changed))
            case ast.Constant(value=value):
                if (text := _other_constant(value)) is not None:
                    yield self._edit("constant changed", node, text)
                return
            case ast.Call():
                yield from self._dropped_arguments(node)
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.Lambda) or not isinstance(node, ast.Lambda):
                yield from self._of_expression(child)

    def _dropped_arguments(self, call: ast.Call) -> Iterator[Edit]:
        shown = self._text(call)
        for number in range(len(call.args) if len(call.args) > 1 else 0):
            fewer = ast.Call(call.func, call.args[:number] + call.args[number + 1 :], call.keywords)
            yield self._edit("argument dropped", call, ast.unparse(fewer))
        for keyword in call.keywords:
            if keyword.arg in FOR_PEOPLE:
                continue
            fewer = ast.Call(call.func, call.args, [it for it in call.keywords if it is not keyword])
            if ast.unparse(fewer) != shown:
                yield self._edit("argument dropped", call, ast.unparse(fewer))

    def _edit(self, operator: str, node: ast.expr | ast.stmt, text: str) -> Edit:
        return Edit(operator, *self._span(node), text)

    def _text(self, node: ast.expr | ast.stmt) -> str:
        begin, end = self._span(node)
        return self._source[begin:end]

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno, node.end_col_offset)

    def _place(self, line: int, column: int) -> int:
        """The index of a place of the tree, whose columns count bytes."""
        return self._starts[line - 1] + len(self._encoded[line - 1][:column].decode())


def _is_left_out(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=func)):
            return bool(OBSERVING.match(ast.unparse(func)))
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return False


def _own_expressions(statement: ast.stmt) -> list[ast.AST]:
    """The expressions of a statement, without annotations and what its blocks hold."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            defaults = [*statement.args.defaults, *(it for it in statement.args.kw_defaults if it)]
            return [*statement.decorator_list, *defaults]
        case ast.ClassDef():
            return list(statement.decorator_list)
        case ast.AnnAssign(value=value):
            return [value] if value else []
        case ast.With(items=items):
            return list(items)
        case ast.Raise(exc=ast.Call(args=arguments)):
            return [it for it in arguments if not isinstance(it, ast.Constant)]
    return [it for it in ast.iter_child_nodes(statement) if isinstance(it, ast.expr)]


def _bodies(statement: ast.stmt) -> list[ast.stmt]:
    """The statements of its blocks."""
    found: list[ast.stmt] = []
    for name in ("body", "orelse", "finalbody"):
        found += getattr(statement, name, [])
    for block in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
        found += block.body
    return found


def _other_constant(value: object) -> str | None:
    """Another value for a number, a flag or a name; a text with blanks is for people."""
    match value:
        case bool():
            return repr(not value)
        case int() | float():
            return repr(value + 1)
        case str() if value and " " not in value:
            return repr(f"{value}~")
    return None
