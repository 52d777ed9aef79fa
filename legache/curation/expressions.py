"""What does a derivation say, before any number is looked up?

Python's parser reads it, and nothing else of Python is used: there is nothing in a derivation but
ids of claims, plain decimal numbers, the four operations and six functions.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Mapping
from functools import lru_cache

from legache.errors import KnowledgeError, did_you_mean, nearest

# None stands for any number but none
N_ARGUMENTS: Mapping[str, int | None] = {
    "pool": None,
    "mean": None,
    "complement": 1,
    "sensitivity": 2,
    "odds_ratio": 2,
    "week": 2,
}
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_MAX_LENGTH = 400  # as long as the column
_MAX_DEPTH = 64  # evaluation recurses
# all other characters could only be something else of Python: strings, attributes, comments
_CHARACTERS = re.compile(r"[A-Za-z0-9_ .,()+*/-]*", re.ASCII)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_ALLOWED = (ast.Name, ast.Load, ast.Call, ast.Constant, ast.BinOp, *OPERATORS)
_EXPECTED = f"expected ids of claims, plain decimal numbers, + - * / and {', '.join(N_ARGUMENTS)}"


def parsed(expression: str) -> ast.expr:
    """Syntax of a derivation.

    Raises
    ------
    KnowledgeError
        It is too long, too deep, or has something in it that derivations are not made of.

    Examples
    --------
    >>> parsed("one2001.value")
    Traceback (most recent call last):
    legache.errors.KnowledgeError: derivation 'one2001.value': 'one2001.value' is not allowed;
    expected ids of claims, plain decimal numbers, + - * / and pool, mean, complement, sensitivity,
    odds_ratio, week
    """
    shown = f"derivation {expression[:80]!r}"
    if len(expression) > _MAX_LENGTH:
        message = f"{shown}... has {len(expression)} characters; at most {_MAX_LENGTH} are read"
        raise KnowledgeError(message)
    others = _CHARACTERS.sub("", expression, count=1)
    if others:
        message = f"{shown}: {others[0]!r} is not allowed; {_EXPECTED}"
        raise KnowledgeError(message)
    tree = _syntax(expression, shown)
    if _depth(tree) > _MAX_DEPTH:
        message = f"{shown} is nested deeper than {_MAX_DEPTH}; split it up"
        raise KnowledgeError(message)
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED) or not _is_plain(node, expression):
            part = ast.get_source_segment(expression, node) or expression
            message = f"{shown}: {part[:40]!r} is not allowed; {_EXPECTED}"
            raise KnowledgeError(message)
    return tree


@lru_cache(maxsize=4096)
def named_claims(expression: str) -> tuple[str, ...]:
    """Ids of the claims that a derivation names, in its order.

    Raises
    ------
    KnowledgeError
        It cannot be read.

    Examples
    --------
    >>> named_claims("complement(ner044) * pool(met001, met004)")
    ('ner044', 'met001', 'met004')
    """
    tree = parsed(expression)
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = [
        node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions
    ]
    names.sort(key=lambda node: node.col_offset)
    return tuple(dict.fromkeys(node.id for node in names))


def without_claims(expression: str, gone: Collection[str]) -> str | None:
    """The derivation with every pool made of the claims that are left.

    Returns
    -------
    str or None
        None if the derivation cannot do without a claim that is gone.

    Raises
    ------
    KnowledgeError
        It cannot be read.

    Examples
    --------
    >>> without_claims("complement(pool(ner001, ner002, ner003))", {"ner001"})
    'complement(pool(ner002, ner003))'
    >>> without_claims("week(pool(vas001, vas002), add001)", {"vas001"})
    'week(vas002, add001)'
    >>> without_claims("mean(vas001, vas002)", {"vas001"}) is None
    True
    """
    missing = set(gone) & set(named_claims(expression))
    if not missing:
        return expression
    reduced = ast.unparse(_Remaining(missing).visit(parsed(expression)))
    return None if missing & set(named_claims(reduced)) else reduced


class _Remaining(ast.NodeTransformer):
    """Takes claims out of pools; a pool of one is that claim, a pool of none stays."""

    def __init__(self, gone: Collection[str]) -> None:
        self.gone = gone

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Take claims out of a pool."""
        self.generic_visit(node)
        if call_of(node)[0] != "pool":
            return node
        left = [one for one in pooled_names(node.args) if one.id not in self.gone]
        if len(left) == 1:
            return left[0]
        return ast.Call(node.func, [*left], []) if left else node


def call_of(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """Name and arguments of a call of a known function, with as many as it takes.

    Raises
    ------
    KnowledgeError
        It is none.
    """
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        message = f"{ast.unparse(node)[:80]!r} is no call of {', '.join(N_ARGUMENTS)}"
        raise KnowledgeError(message)
    name, n_found = node.func.id, len(node.args)
    if name not in N_ARGUMENTS:
        hint = did_you_mean(nearest(name, N_ARGUMENTS), f"expected {', '.join(N_ARGUMENTS)}")
        message = f"unknown function {name!r}{hint}"
        raise KnowledgeError(message)
    n_expected = N_ARGUMENTS[name]
    if n_found != n_expected and (n_expected is not None or n_found == 0):
        message = f"{name}: {n_found} arguments; expected {n_expected or 'at least one'}"
        raise KnowledgeError(message)
    return name, node.args


def pooled_names(arguments: list[ast.expr]) -> list[ast.Name]:
    """Arguments of a pool.

    Raises
    ------
    KnowledgeError
        One of them is not the id of a claim.
    """
    names = [argument for argument in arguments if isinstance(argument, ast.Name)]
    if len(names) < len(arguments):
        message = "pool: expected ids of claims only"
        raise KnowledgeError(message)
    return names


def _syntax(expression: str, shown: str) -> ast.expr:
    try:
        with warnings.catch_warnings():  # of letters right behind a number
            warnings.simplefilter("ignore")
            return ast.parse(expression, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else "too many nested parentheses"
        message = f"{shown} cannot be read: {reason}; {_EXPECTED}"
        raise KnowledgeError(message) from error


def _depth(tree: ast.AST) -> int:
    """Number of nodes from the root to the farthest leaf, without recursion."""
    level: list[ast.AST] = [tree]
    depth = 0
    while level:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        depth += 1
    return depth


def _is_plain(node: ast.AST, expression: str) -> bool:
    """Tell whether a constant is a plain decimal number, and not `True`, `None` or 0x10."""
    if not isinstance(node, ast.Constant):
        return True
    return _NUMBER.fullmatch(ast.get_source_segment(expression, node) or "") is not None
