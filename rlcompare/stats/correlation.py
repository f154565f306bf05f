"""How two metrics of one training move together: coefficients with intervals that allow for autocorrelation.

Values of a training follow on each other and resemble their neighbours, so that n steps tell less than n independent
ones. The intervals rest on an effective number of them; a moving-block bootstrap, which was compared with it, holds the
true value less often (see ``docs/correlation.md``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import fft, special, stats

from rlcompare.stats.sample import Floats

Kind = Literal["pearson", "spearman", "kendall"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: Fewer pairs than this have no interval.
FEWEST = 4

#: With fewer effective pairs than this, simulated intervals hold the true value in less than 90 % of cases at 95 %.
TRUSTED_EFFECTIVE = 8.0


@dataclass(frozen=True)
class Correlation:
    """One coefficient and its interval.

    Parameters
    ----------
    value, lower, upper : float
        In [-1, 1]; NaN where ``reason`` says why there is none.
    n : int
        Pairs of values.
    n_effective : float
        Independent pairs that would tell as much, at most ``n``.
    reason : str
        Why there is no coefficient or no interval; empty where there is one.
    """

    value: float
    lower: float
    upper: float
    n: int
    n_effective: float
    reason: str = ""

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval leaves 0 outside."""
        return self.lower > 0 or self.upper < 0

    @property
    def is_optimistic(self) -> bool:
        """Whether the interval is narrower than it says, for too few effective pairs."""
        return not math.isnan(self.lower) and self.n_effective < TRUSTED_EFFECTIVE


def correlate(
    x: Floats,
    y: Floats,
    kind: Kind = "pearson",
    level: float = 0.95,
    names: tuple[str, str] = ("the first metric", "the second metric"),
) -> Correlation:
    """Correlate two series that were logged at the same steps.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Finite, in the order of their steps.
    kind : {"pearson", "spearman", "kendall"}
        Spearman's with mean ranks for ties, Kendall's tau-b.
    level : float in (0, 1)
        How often the interval is to hold the true coefficient.
    names : tuple of str
        What the two are called where there is no coefficient.

    Returns
    -------
    Correlation
        A series that does not change has none.

    Notes
    -----
    The interval is Fisher's, ``tanh(atanh(r) ± t · s)``, with Student's t at ``n_effective - 2`` degrees of freedom.
    ``s² = 1 / (n_effective - 3)`` for Pearson; times ``1 + r²/2`` for Spearman; ``0.437 / (n_effective - 4)`` for
    Kendall.

    References
    ----------
    Spearman: Bonett and Wright 2000, doi:10.1007/BF02294183. Kendall: Fieller, Hartley and Pearson 1957,
    doi:10.1093/biomet/44.3-4.470. Effective number: :func:`effective_pairs`.
    """
    n = len(x)
    for name, series in zip(names, (x, y), strict=True):
        if n and (series == series[0]).all():
            return _without(n, f"{name} does not change")
    if n < FEWEST:
        return _without(n, f"only {n} steps have both")
    as_used = (x, y) if kind == "pearson" else (stats.rankdata(x), stats.rankdata(y))
    value = coefficient(x, y, kind) if kind == "kendall" else coefficient(*as_used)
    n_effective = effective_pairs(*as_used)
    spread = {
        "pearson": 1 / max(n_effective - 3, 0.5),
        "spearman": (1 + value**2 / 2) / max(n_effective - 3, 0.5),
        "kendall": 0.437 / max(n_effective - 4, 0.5),
    }[kind]
    half = float(special.stdtrit(max(n_effective - 2, 1.0), (1 + level) / 2)) * math.sqrt(spread)
    if abs(value) >= 1:
        return Correlation(value, value, value, n, n_effective)
    center = math.atanh(value)
    return Correlation(value, math.tanh(center - half), math.tanh(center + half), n, n_effective)


def coefficient(x: Floats, y: Floats, kind: Kind = "pearson") -> float:
    """Compute one coefficient of two series of finite values that change."""
    if kind == "kendall":
        return float(stats.kendalltau(x, y).statistic)
    if kind == "spearman":
        x, y = stats.rankdata(x), stats.rankdata(y)
    # Scaled first, so that neither a square nor a product leaves the range of a float.
    x, y = _scaled(x), _scaled(y)
    return float(np.clip((x @ y) / math.sqrt((x @ x) * (y @ y)), -1, 1))


def effective_pairs(x: Floats, y: Floats) -> float:
    """Estimate how many independent pairs tell as much of a correlation as these.

    ``n / (1 + 2 Σ (1 - k/n) a(k) b(k))`` with the autocorrelations a and b of the two series at lag k. The sum ends
    where two neighbouring products together are no longer positive, as beyond it they are noise.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Finite, neither constant.

    Returns
    -------
    float in [2, n]

    References
    ----------
    Bartlett 1935, doi:10.2307/2980508, and Quenouille 1947, doi:10.2307/2983587; the end of the sum after Geyer 1992,
    doi:10.1214/ss/1177011137.
    """
    n = len(x)
    products = autocorrelation(x) * autocorrelation(y)
    n_pairs = n // 2
    ends = np.flatnonzero(products[0 : 2 * n_pairs : 2] + products[1 : 2 * n_pairs : 2] <= 0)
    stop = 2 * int(ends[0]) if len(ends) else 2 * n_pairs
    lags = np.arange(1, max(stop, 1))
    total = 1 + 2 * float(np.sum((1 - lags / n) * products[1 : max(stop, 1)]))
    return float(np.clip(n / total, 2, n)) if total > 0 else float(n)


def autocorrelation(x: Floats) -> Floats:
    """Autocorrelation of a series at lags 0 to n - 1, each sum divided by n as usual."""
    n = len(x)
    x = _scaled(x)
    length = fft.next_fast_len(2 * n - 1, real=True)
    spectrum = fft.rfft(x, length)
    sums = fft.irfft(spectrum * np.conj(spectrum), length)[:n]
    return np.asarray(sums / sums[0], np.float64)


def _scaled(x: Floats) -> Floats:
    x = x / np.max(np.abs(x))
    centered = x - x.mean()
    # The mean of values that hardly differ is rounded by as much as they differ: once more.
    centered -= centered.mean()
    return np.asarray(centered / np.max(np.abs(centered)), np.float64)


def _without(n: int, reason: str) -> Correlation:
    return Correlation(math.nan, math.nan, math.nan, n, math.nan, reason)
