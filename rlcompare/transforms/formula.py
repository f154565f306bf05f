"""Formula metrics: ``reward - 0.1 * kl`` as a curve of its own.

A small grammar of our own over metric names, so that what a viewer types is parsed and never run::

    sum     = product (("+" | "-") product)*
    product = factor (("*" | "×" | "/" | "÷") factor)*
    factor  = "-" factor | number | metric | function "(" sum ("," sum)* ")" | "(" sum ")"

A metric is a canonical name or a source key. Keys hold ``/`` and ``-`` themselves, so that these divide and subtract
only with a space before them; a key with other characters stands in double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl

from rlcompare.errors import ParameterError
from rlcompare.schema import CURVE

#: Functions by name: how many arguments they take (at least, at most), and what they do.
FUNCTIONS: dict[str, tuple[int, int, Callable[[Sequence[pl.Expr]], pl.Expr]]] = {
    "log": (1, 1, lambda args: args[0].log()),
    "exp": (1, 1, lambda args: args[0].exp()),
    "abs": (1, 1, lambda args: args[0].abs()),
    "min": (
        2,
        9,
        lambda args: reduce(lambda a, b: pl.when(a.is_nan() | (~b.is_nan() & (a <= b))).then(a).otherwise(b), args),
    ),
    "max": (
        2,
        9,
        lambda args: reduce(lambda a, b: pl.when(a.is_nan() | (~b.is_nan() & (a >= b))).then(a).otherwise(b), args),
    ),
    "diff": (1, 1, lambda args: args[0].diff().over("run")),
    "cumsum": (1, 1, lambda args: args[0].cum_sum().over("run")),
}

#: Nested deeper, a formula is a mistake or an attack on the parser.
DEEPEST = 50

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w/]))
    | "(?P<quoted>[^"]+)"
    | (?P<name>[^\W\d][\w.@:]*(?:[/-][\w.@:]+)*)
    | (?P<sign>[-+*/×÷(),])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Formula:
    """A parsed formula.

    Parameters
    ----------
    text : str
        As typed.
    metrics : tuple of str
        The metrics it names, in order of appearance.
    """

    text: str
    metrics: tuple[str, ...]
    _expression: pl.Expr

    def of(self, curves: pl.DataFrame) -> pl.DataFrame:
        """Compute the formula at the steps that a run logged all of its metrics at; nothing is filled in.

        Where a step has several records of a metric, the first is taken with the first of the others, and so on.

        Parameters
        ----------
        curves : DataFrame with the columns of ``schema.CURVE``
            At least the formula's metrics.

        Returns
        -------
        DataFrame with the columns of ``schema.CURVE``
            ``metric`` is the formula's text. What has no value (the logarithm of a negative number, 0/0) is NaN, what
            has no end (1/0) infinite; the first ``diff`` of a run has no row.
        """
        joined: pl.DataFrame | None = None
        keys = ["run", "step", "_nth"]
        for metric in self.metrics:
            one = curves.filter(pl.col("metric") == metric).with_columns(
                pl.int_range(pl.len()).over("run", "step").alias("_nth")
            )
            if joined is None:
                joined = one.select(*keys, "wall_time", pl.col("value").alias(metric_column(metric)))
            else:
                other = one.select(*keys, pl.col("value").alias(metric_column(metric)))
                joined = joined.join(other, on=keys, how="inner", maintain_order="left")
        assert joined is not None  # a formula without a metric does not parse
        made = joined.select(
            "run", pl.lit(self.text).alias("metric"), "step", "wall_time", self._expression.alias("value")
        )
        return made.filter(pl.col("value").is_not_null()).select(list(CURVE))


def metric_or_formula(text: str, known: Collection[str]) -> str | Formula:
    """Tell a metric from a formula over metrics.

    Parameters
    ----------
    text : str
    known : collection of str
        Metric names; a name of that very spelling is the metric, whatever characters it holds.

    Returns
    -------
    str
        The metric; also a name that is none, so that whoever is asked for it can suggest its neighbours.
    Formula

    Raises
    ------
    ParameterError
        A formula that does not parse.
    """
    if text in known:
        return text
    formula = parse_formula(text)
    return text if formula.metrics == (text,) else formula


def metric_column(metric: str) -> str:
    """Name a metric's column apart from the index columns."""
    return f"metric {metric}"


def parse_formula(text: str) -> Formula:
    """Parse a formula.

    Parameters
    ----------
    text : str

    Returns
    -------
    Formula

    Raises
    ------
    ParameterError
        Where and what was expected.
    """
    return _Parser(text).parse()


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    """Recursive descent, one method a rule of the grammar."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.next = 0
        self.metrics: dict[str, None] = {}

    def parse(self) -> Formula:
        expression = self._sum(0)
        if self._here.kind != "end":
            raise self._error("an operator or the end")
        if not self.metrics:
            raise ParameterError(f"Expected at least one metric in {self.text!r}. Hint: `reward - 0.1 * kl`.")
        return Formula(self.text, tuple(self.metrics), expression)

    def _tokens(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        end = len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                odd = self.text[at:].lstrip()
                raise ParameterError(
                    f"Expected a metric, a number or an operator at character {len(self.text) - len(odd) + 1} of "
                    f"{self.text!r}, found {odd[0]!r}. Hint: put a name with odd characters in double quotes."
                )
            kind = match.lastgroup or ""
            tokens.append(_Token(kind, match[kind], match.start(kind)))
            at = match.end()
        tokens.append(_Token("end", "", end))
        return tokens

    @property
    def _here(self) -> _Token:
        return self.tokens[self.next]

    def _take(self, *signs: str) -> str | None:
        token = self._here
        if token.kind == "sign" and token.text in signs:
            self.next += 1
            return token.text
        return None

    def _error(self, expected: str) -> ParameterError:
        found = repr(self._here.text) if self._here.text else "the end"
        return ParameterError(
            f"Expected {expected} at character {self._here.at + 1} of {self.text!r}, found {found}. "
            "Hint: put spaces around / and -, as in `response_length/max / response_length/mean`."
        )

    def _sum(self, depth: int) -> pl.Expr:
        left = self._product(depth)
        while sign := self._take("+", "-"):
            right = self._product(depth)
            left = left + right if sign == "+" else left - right
        return left

    def _product(self, depth: int) -> pl.Expr:
        left = self._factor(depth)
        while sign := self._take("*", "×", "/", "÷"):
            right = self._factor(depth)
            left = left * right if sign in "*×" else left / right
        return left

    def _factor(self, depth: int) -> pl.Expr:
        if depth > DEEPEST:
            raise self._error(f"at most {DEEPEST} levels of parentheses")
        if self._take("-"):
            return -self._factor(depth + 1)
        if self._take("("):
            inside = self._sum(depth + 1)
            self._close()
            return inside
        token = self._here
        if token.kind not in ("number", "name", "quoted"):
            raise self._error("a metric, a number or `(`")
        self.next += 1
        if token.kind == "number":
            return pl.lit(float(token.text))
        if token.kind == "name" and self._take("("):
            return self._call(token, depth + 1)
        self.metrics[token.text] = None
        return pl.col(metric_column(token.text))

    def _call(self, name: _Token, depth: int) -> pl.Expr:
        if name.text not in FUNCTIONS:
            raise ParameterError(f"Expected a function of {', '.join(FUNCTIONS)}; got {name.text!r} in {self.text!r}.")
        fewest, most, function = FUNCTIONS[name.text]
        arguments = [self._sum(depth)]
        while self._take(","):
            arguments.append(self._sum(depth))
        self._close()
        if not fewest <= len(arguments) <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            raise ParameterError(
                f"Expected {wanted} arguments of {name.text!r} in {self.text!r}; got {len(arguments)}."
            )
        return function(arguments)

    def _close(self) -> None:
        if not self._take(")"):
            raise self._error("`)`")
