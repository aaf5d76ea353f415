"""Small changes to a piece of code, each of which should make it wrong.

`mutations` lists them for a definition: pure functions on Python's own syntax trees. See
R. DeMillo, R. Lipton, F. Sayward: Hints on test data selection, IEEE Computer 11(4), 34-41 (1978).
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

Definition = ast.FunctionDef | ast.ClassDef | ast.Assign
"""An assignment counts, too: `name = factory(…)`."""

Path = tuple[tuple[str, int | None], ...]
"""The way from a definition to one of its nodes: names of fields, with positions in lists."""

LONGEST = 72
"""Maximum number of characters with which a change is shown."""


@dataclass(frozen=True)
class Mutation:
    """A definition with one change.

    where: the definition's name. before, after: the changed place, in Python's own layout.
    """

    where: str
    before: str
    after: str
    definition: Definition

    def __str__(self) -> str:
        return f"{self.where}: `{self.before}` -> `{self.after}`"


def name_of(definition: Definition) -> str:
    """Return the name that a definition binds."""
    if isinstance(definition, ast.Assign):
        return getattr(definition.targets[0], "id", "")
    return definition.name


def mutations(definition: Definition) -> list[Mutation]:
    """Return all changes of a definition, in the code's order; no two give the same code."""
    found = {ast.unparse(definition): None}
    for path, node in _nodes(definition):
        if not path:
            continue
        for replacement in _replacements(node):
            changed = _replaced(definition, path, replacement)
            code = ast.unparse(changed)
            if code not in found:
                before, after = _excerpts(definition, changed, path)
                found[code] = Mutation(name_of(definition), before, after, changed)
    return [mutation for mutation in found.values() if mutation]


_GUARDS = {"strict", "allow_pickle", "encoding"}
"""Keywords that only make wrong use fail early; without them right use stays right."""

_SYMMETRIC = {"max", "min", "maximum", "minimum", "hypot", "isclose", "allclose", "gcd"}
"""Functions that are symmetric in their arguments."""

_SKIPPED_FIELDS = {"decorator_list", "annotation", "returns", "bases", "names"}


def _nodes(node: ast.AST, path: Path = ()) -> Iterator[tuple[Path, ast.AST]]:
    yield path, node
    for field, value in ast.iter_fields(node):
        if field in _SKIPPED_FIELDS:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST) and not (_is_docstring(child) or _is_guard(child)):
                step = (field, index if isinstance(value, list) else None)
                yield from _nodes(child, (*path, step))


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.keyword) and node.arg in _GUARDS


def _at(root: ast.AST, path: Path) -> ast.AST:
    for field, index in path:
        value = getattr(root, field)
        root = value if index is None else value[index]
    return root


def _replaced(definition: Definition, path: Path, replacement: ast.AST) -> Definition:
    changed = copy.deepcopy(definition)
    parent, (field, index) = _at(changed, path[:-1]), path[-1]
    if index is None:
        setattr(parent, field, replacement)
    else:
        getattr(parent, field)[index] = replacement
    return ast.fix_missing_locations(changed)


def _excerpts(before: Definition, after: Definition, path: Path) -> tuple[str, str]:
    """Return the changed place before and after, with as much context as is short enough."""
    best = ("", "")
    for length in range(len(path), 0, -1):
        texts = [_first_line(_at(tree, path[:length])) for tree in (before, after)]
        hidden = texts[0] == texts[1]  # below the first line
        if best[0] and (hidden or max(map(len, texts)) > LONGEST):
            break
        if all(texts):
            best = (texts[0], texts[1])
    return best


def _first_line(node: ast.AST) -> str:
    first, *rest = ast.unparse(node).strip().split("\n")
    return f"{first} …" if rest else first


# --- What a node may be replaced by ------------------------------------------------------------

_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_NOT_COMMUTATIVE = (ast.Sub, ast.Div, ast.FloorDiv, ast.Pow, ast.MatMult)

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}

_TAKEN_FOR_EACH_OTHER = [
    ("sum", "mean"),
    ("max", "min"),
    ("amax", "amin"),
    ("argmax", "argmin"),
    ("maximum", "minimum"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("all", "any"),
    ("floor", "ceil"),
    ("var", "std"),
    ("exp", "log"),
    ("sqrt", "square"),
    ("softmax", "log_softmax"),
    ("train", "eval"),
    ("max_pool2d", "avg_pool2d"),
    ("MaxPool2d", "AvgPool2d"),
    ("cumsum", "cumprod"),
    ("row_stack", "column_stack"),
    ("hstack", "vstack"),
]
_OTHER_NAME = dict(_TAKEN_FOR_EACH_OTHER) | {b: a for a, b in _TAKEN_FOR_EACH_OTHER}


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp(left, op, right):
            yield _like(node, op=_OPERATORS.get(type(op), type(op))())
            if isinstance(op, _NOT_COMMUTATIVE):
                yield _like(node, left=right, right=left)
        case ast.UnaryOp(ast.USub() | ast.Not() | ast.Invert(), operand):
            yield operand
        case ast.BoolOp(op, _):
            yield _like(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.Compare(_, ops, _):
            for index, op in enumerate(ops):
                for other in _COMPARISONS[type(op)]:
                    yield _like(node, ops=_with(ops, index, other()))
        case ast.Constant(value):
            yield from (ast.Constant(other) for other in other_values(value))
        case ast.Call():
            yield from _calls(node)
        case ast.Name(name, ast.Load()) if name in _OTHER_NAME:
            yield _like(node, id=_OTHER_NAME[name])
        case ast.Attribute(_, name, ast.Load()) if name in _OTHER_NAME:
            yield _like(node, attr=_OTHER_NAME[name])
        case ast.Tuple([first, second], ast.Load()):
            yield _like(node, elts=[second, first])
        case ast.IfExp(_, body, orelse):
            yield from (body, orelse)
        case ast.Slice():
            yield from _slices(node)
        case ast.comprehension(ifs=ifs):
            yield from (_like(node, ifs=ifs[:i] + ifs[i + 1 :]) for i in range(len(ifs)))
        case ast.If() | ast.While():
            yield _like(node, test=ast.Constant(False))
            if isinstance(node, ast.If):
                yield _like(node, test=ast.Constant(True))
        case ast.AugAssign(target, op, value):
            yield _like(node, op=_OPERATORS.get(type(op), type(op))())
            yield ast.Assign(targets=[target], value=value)
            yield ast.Pass()
        case ast.Expr() | ast.Assign() | ast.For() | ast.Raise() | ast.Delete():
            yield ast.Pass()


def other_values(value: object) -> list[object]:
    """Return neighbours of a constant: off by one, the other truth value, twice as much."""
    match value:
        case bool():
            return [not value]
        case int():
            return [value + 1, value - 1]
        case float():
            return [2 * value, -value] if value else [1.0]
        case _:
            return []


def _calls(node: ast.Call) -> Iterator[ast.Call]:
    args = node.args
    function = getattr(node.func, "id", getattr(node.func, "attr", ""))
    for index, (a, b) in enumerate(zip(args, args[1:], strict=False)):
        starred = isinstance(a, ast.Starred) or isinstance(b, ast.Starred)
        if not starred and function not in _SYMMETRIC:
            yield _like(node, args=_with(_with(args, index, b), index + 1, a))
    for index, keyword in enumerate(node.keywords):
        if keyword.arg and not _is_guard(keyword):
            yield _like(node, keywords=node.keywords[:index] + node.keywords[index + 1 :])
    if function == "range" and args:
        end = min(1, len(args) - 1)
        yield _like(node, args=_with(args, end, _one_less(args[end])))


def _slices(node: ast.Slice) -> Iterator[ast.Slice]:
    if node.lower and not isinstance(node.lower, ast.Constant):
        yield _like(node, lower=ast.BinOp(node.lower, ast.Add(), ast.Constant(1)))
    if node.upper and not isinstance(node.upper, ast.Constant):
        yield _like(node, upper=_one_less(node.upper))
    if node.step:
        yield _like(node, step=None)


def _one_less(node: ast.expr) -> ast.BinOp:
    return ast.BinOp(node, ast.Sub(), ast.Constant(1))


def _like(node: ast.AST, **changes: object) -> ast.AST:
    fields = dict(ast.iter_fields(node)) | changes
    return type(node)(**fields)


def _with(items: list, index: int, item: object) -> list:
    return [*items[:index], item, *items[index + 1 :]]
