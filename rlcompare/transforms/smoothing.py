"""Smoothing of curves: one registry for the page, the library and the command line.

A smoothing sees every point, so that it comes before :func:`rlcompare.transforms.thin`. Those that look back only are
causal: more data never changes what was drawn before. Values that are not finite stay as they are and are passed over:
the smoothing goes on from one finite value to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.ndimage import gaussian_filter1d

from rlcompare.errors import ParameterError
from rlcompare.transforms.groups import with_curves_together


@dataclass(frozen=True)
class Smoother:
    """One kind of smoothing.

    Parameters
    ----------
    kind : str
        Its name in a URL and on the command line.
    title : str
        Its name on the screen.
    width_name : str
        What its width is called on the screen; empty if it has none.
    default_width : float
    accepts : callable (width) -> bool
        Whether the width is in range.
    expects : str
        The range of the width, in words.
    apply : callable (finite values of one curve in step order, width) -> as many values
    describe : callable (width) -> str
        What it does to a curve, as a sentence for a caption.
    is_causal : bool
        It looks back only, so that more data never changes what was drawn.
    """

    kind: str
    title: str
    width_name: str
    default_width: float
    accepts: Callable[[float], bool]
    expects: str
    apply: Callable[[pl.Series, float], pl.Series]
    describe: Callable[[float], str]
    is_causal: bool = True


def _keep(values: pl.Series, _width: float) -> pl.Series:
    return values


def _smooth_ema(values: pl.Series, weight: float) -> pl.Series:
    """Exponential moving average with the bias correction of TensorBoard's front end.

    ``s_i = weight * s_(i-1) + (1 - weight) * x_i`` from ``s_0 = 0``, divided by ``1 - weight ** i``: over points, not
    over steps. Polars' ``adjust=True`` is the same quotient.

    References
    ----------
    ``resmoothDataset`` in tensorboard/components/vz_line_chart2/line-chart.ts.
    """
    return values.ewm_mean(alpha=1 - weight, adjust=True) if weight else values


def _smooth_mean(values: pl.Series, width: float) -> pl.Series:
    """Mean of the last ``width`` points, or of those there are at the start."""
    return values.rolling_mean(window_size=int(width), min_samples=1)


def _describe_ema(weight: float) -> str:
    span = f"about the last {1 / (1 - weight):,.0f} points" if weight >= 0.5 else "mostly the newest point"
    return (
        f"Exponential moving average over points, weight {weight:g}: each value is {weight:g} × the average before it "
        f"+ {1 - weight:.6g} × the new point, corrected for its start; {span} count."
    )


def _smooth_median(values: pl.Series, width: float) -> pl.Series:
    """Median of the last ``width`` points, or of those there are at the start."""
    return values.rolling_median(window_size=int(width), min_samples=1)


def _smooth_centered(values: pl.Series, reach: float) -> pl.Series:
    """Mean of a point and ``reach`` points on either side, or of those there are at the ends."""
    return values.rolling_mean(window_size=2 * int(reach) + 1, min_samples=1, center=True)


def _smooth_gaussian(values: pl.Series, sigma: float) -> pl.Series:
    """Mean weighted by a Gaussian over points, cut at four standard deviations; at the ends of the points there are.

    Each weight is divided by the sum of the weights that fell on points, so that the ends are not drawn to zero.
    """
    if values.is_empty():
        return values
    weights = gaussian_filter1d(np.ones(len(values)), sigma, mode="constant")
    smoothed = gaussian_filter1d(values.to_numpy(), sigma, mode="constant") / weights
    return pl.Series(values.name, smoothed, dtype=pl.Float64)


def _is_count(width: float) -> bool:
    return width >= 1 and width % 1 == 0


def _describe_mean(width: float) -> str:
    if width == 1:
        return "Moving average of 1 point: no smoothing."
    return f"Moving average: the mean of the last {width:,.0f} points, of fewer at the start."


SMOOTHERS: dict[str, Smoother] = {
    smoother.kind: smoother
    for smoother in (
        Smoother(
            kind="none",
            title="None",
            width_name="",
            default_width=0.0,
            accepts=lambda width: width == 0,
            expects="no width",
            apply=_keep,
            describe=lambda _width: "No smoothing.",
        ),
        Smoother(
            kind="ema",
            title="EMA",
            width_name="Weight",
            default_width=0.6,  # TensorBoard's; more would bend curves of a few dozen points out of shape
            accepts=lambda width: 0 <= width < 1,
            expects="a weight from 0 (no smoothing) to below 1",
            apply=_smooth_ema,
            describe=_describe_ema,
        ),
        Smoother(
            kind="mean",
            title="Mean",
            width_name="Points",
            default_width=20,
            accepts=_is_count,
            expects="a whole number of points, at least 1",
            apply=_smooth_mean,
            describe=_describe_mean,
        ),
        Smoother(
            kind="median",
            title="Median",
            width_name="Points",
            default_width=20,
            accepts=_is_count,
            expects="a whole number of points, at least 1",
            apply=_smooth_median,
            describe=lambda width: (
                f"Moving median: the median of the last {width:,.0f} points, of fewer at the start. Lone spikes vanish."
            ),
        ),
        Smoother(
            kind="centered",
            title="Centred",
            width_name="Points on either side",
            default_width=10,
            accepts=_is_count,
            expects="a whole number of points on either side, at least 1",
            apply=_smooth_centered,
            describe=lambda reach: (
                f"Centred moving average: the mean of each point and up to {reach:,.0f} on either side."
            ),
            is_causal=False,
        ),
        Smoother(
            kind="gaussian",
            title="Gaussian",
            width_name="Standard deviation in points",
            default_width=5,
            accepts=lambda sigma: 0 < sigma < 1e6,
            expects="a standard deviation in points, above 0",
            apply=_smooth_gaussian,
            describe=lambda sigma: (
                f"Gaussian: the mean of the points around each one, weighted by their distance with a standard "
                f"deviation of {sigma:,g} points."
            ),
            is_causal=False,
        ),
    )
}


def smoother(kind: str, width: float) -> Smoother:
    """Look up a smoothing and check its width.

    Raises
    ------
    ParameterError
        No such kind, or a width out of its range.
    """
    found = SMOOTHERS.get(kind)
    if found is None:
        raise ParameterError(f"Expected a smoothing of {', '.join(SMOOTHERS)}; got {kind!r}. {_HINT}")
    if not found.accepts(width):
        raise ParameterError(f"Expected {found.expects} for the smoothing {kind!r}; got {width:g}. {_HINT}")
    return found


def smooth(curves: pl.DataFrame, kind: str, width: float) -> pl.DataFrame:
    """Smooth the values of each (run, metric) in row order.

    Parameters
    ----------
    curves : DataFrame with the columns of ``schema.CURVE``, the rows of a curve in step order
    kind : str
        A key of :data:`SMOOTHERS`.
    width : float
        For ``ema`` the weight in [0, 1) of what came before; for ``mean`` and ``median`` the number of points, for
        ``centered`` that on either side; for ``gaussian`` the standard deviation in points; 0 for ``none``.

    Returns
    -------
    DataFrame, the same rows and columns with smoothed ``value``. NaN, infinite and null values stay what they are.

    Raises
    ------
    ParameterError
        No such kind, or a width out of its range.

    Notes
    -----
    Where the smoother is causal, a smoothed prefix is the prefix of the smoothed curve. Values stay between the
    smallest and largest finite value of their curve up to rounding (a few units in the last place of the largest).
    """
    chosen = smoother(kind, width)
    if chosen.apply is _keep or curves.is_empty():
        return curves
    curves, slices = with_curves_together(curves)
    values = curves.get_column("value").rechunk()
    finite = values.is_finite().fill_null(value=False)
    if finite.all():
        smoothed = pl.concat([chosen.apply(values[rows], width) for rows in slices])
        return curves.with_columns(smoothed.alias("value"))
    counts = np.cumsum(finite.to_numpy())
    kept = values.filter(finite)
    ends = [int(counts[rows.stop - 1]) for rows in slices]
    pieces = [chosen.apply(kept[start:end], width) for start, end in zip([0, *ends], ends, strict=False)]
    return curves.with_columns(values.scatter(finite.arg_true(), pl.concat(pieces)).alias("value"))


def parse_smoothing(text: str) -> tuple[str, float]:
    """Read ``"ema:0.9"``, ``"mean:50"`` or ``"none"``.

    Returns
    -------
    kind : str
    width : float

    Raises
    ------
    ParameterError
        Not of this form, no such kind, or a width out of its range.
    """
    kind, colon, width_text = text.partition(":")
    try:
        width = float(width_text) if colon else 0.0
    except ValueError:
        raise ParameterError(f"Expected a number after {kind + ':'!r}; got {width_text!r}. {_HINT}") from None
    if not colon and kind in SMOOTHERS and SMOOTHERS[kind].width_name:
        raise ParameterError(f"Expected a width after {kind!r}; got none. {_HINT}")
    smoother(kind, width)
    return kind, width


_HINT = "Hint: write none or KIND:WIDTH, such as ema:0.9, mean:50 or gaussian:5."
