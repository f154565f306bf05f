"""The words on the Quantiles page. Plain text; names stand in it as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rlcompare.metrics import title_of
from rlcompare.stats.distances import PERMUTATIONS
from rlcompare.transforms import GroupBand
from rlcompare.transforms.apart import Apart
from rlcompare.transforms.fans import Fan, HeatMap, Quantiles
from rlcompare.ui.captions import count, listing
from rlcompare.ui.quantile_parts import Asked, Part, value_title
from rlcompare.ui.quantile_stages import Compared, Stretch


def steps_of(part: Part) -> str:
    """Name the steps of a part, several of them."""
    return f"{part.unit or 'step'}s"


def drawn_for(part: Part) -> str:
    """Say what samples were drawn for."""
    return "validation" if part.is_validation else "training"


def fan_note(part: Part, fan: Fan, metric: str, n_left_out: int) -> str:
    """Say of one fan where its spread comes from, and how many values a stretch has.

    Parameters
    ----------
    part : Part
    fan : Fan
    metric : str
    n_left_out : int
        Values that are not finite.
    """
    n = int(fan.n.sum())
    if part.source == "samples":
        what = f"{count(n, part.noun)} of {drawn_for(part)}"
    elif part.source == "extremes":
        keys = listing(list(dict.fromkeys(key for one in part.siblings for key in (one.low, one.high))))
        what = f"Mean, smallest and largest value as logged at {count(n, 'step')} ({keys}); no quantiles were logged"
    elif part.source == "deviation":
        keys = listing(list(dict.fromkeys(one.spread for one in part.siblings)))
        what = f"Mean ± 1 standard deviation as logged at {count(n, 'step')} ({keys}); no quantiles were logged"
    else:
        what = f"{count(n, 'logged value')} of {title_of(metric)}, not of single samples"
    told = [f"{what}{_stretches(part, fan)}."]
    if len(part.runs) > 1:
        told.append(f"{len(part.runs)} runs pooled.")
    if part.some_sampled:
        told.append("Not all of its runs have samples.")
    if n_left_out:
        told.append(f"{count(n_left_out, 'value')} NaN or infinite: left out.")
    return " ".join(told)


def _stretches(part: Part, fan: Fan) -> str:
    """Say how the values were put together, as the end of a sentence."""
    fewest, most = int(fan.n.min()), int(fan.n.max())
    if len(fan.n) == 1 or most == 1:
        return ""
    each = f"{fewest:,}" if fewest == most else f"{fewest:,} to {most:,}"
    if (fan.first == fan.last).all():
        return f", {each} at each of {len(fan.n)} steps"
    return f", {each} in each of {len(fan.n)} stretches of {fan.width:,} {steps_of(part)}"


def how_fanned(parts: Sequence[Part], bands: Sequence[Quantiles], *, with_counts: bool) -> str:
    """Say, once for all fans, what lines and bands are."""
    sources = {part.source for part in parts}
    told = []
    if sources & {"samples", "values"}:
        names = [f"{100 * low:g} to {100 * high:g} %" for low, high in bands]
        shaded = f"; shaded: the middle values, {' and '.join(names)}" if names else ""
        told.append(f"Line: median of a stretch{shaded}.")
    if sources & {"extremes", "deviation"}:
        also = " of those that log no samples" if len(sources) > 1 else ""
        told.append(f"Line{also}: mean; shaded: what was logged of the spread.")
    counts = " Below the curves: how many values are in each stretch." if with_counts else ""
    told.append(f"Nothing is smoothed.{counts} Grey: the chosen stretch.")
    if len(parts) > 1:
        told.append("All charts share their axes.")
    return " ".join(told)


def left_out(asked: Asked, without: Sequence[str], other_units: Mapping[str, int]) -> str:
    """Say which compared runs are not on the page, and why; empty where all are.

    Parameters
    ----------
    asked : Asked
    without : sequence of str
        Labels of runs that have not logged the metric.
    other_units : mapping of unit to its number of runs
        Of those that count steps in another unit.
    """
    told = []
    if without:
        told.append(f"{title_of(asked.metric)} was not logged by {count(len(without), 'run')}: {listing(without)}.")
    for unit, n in other_units.items():
        steps = f"{unit}s" if unit else "steps of unknown unit"
        told.append(f"Not on this axis: {count(n, 'run')} by {steps}. Choose them in the sidebar, at Runs that count.")
    return " ".join(told)


def of_stretch(parts: Sequence[Part], found: Compared, stretch: Stretch, all_parts: Sequence[Part]) -> str:
    """Say what distributions are of."""
    n = sum(of.n for of in found.functions)
    part = parts[0]
    if part.source == "samples":
        kinds = list(dict.fromkeys(drawn_for(one) for one in parts if one.label in found.labels))
        what = f"{count(n, part.noun)} of {' and '.join(kinds)}"
    else:
        what = f"{count(n, 'logged value')}, most often means of many samples each: samples themselves are spread more"
    told = [f"{what}, at {steps_of(part)} {stretch.low:,} to {stretch.high:,}."]
    empty = [one.label for one in parts if one.label not in found.labels]
    if empty:
        told.append(f"Nothing there of {listing(empty)}.")
    others = [one.label for one in all_parts if one not in parts]
    if others:
        told.append(f"Without samples, so not compared: {listing(others)}.")
    if found.n_outside:
        told.append(f"The axis covers 1 to 99 % of each; {count(found.n_outside, 'value')} outside.")
    return " ".join(filter(None, told))


def box_note(found: Compared) -> str:
    """Say what a box is, and of how many values."""
    ns = ", ".join(f"{label} {of.n:,}" for label, of in zip(found.labels, found.functions, strict=True))
    return f"Box: quartiles and median; line: 5th to 95th percentile; dot: mean. Values: {ns}."


def apart_sentence(found: Apart, one: str, other: str, title: str) -> str:
    """Say how far A and B are apart."""
    d = found.distance
    return (
        f"{one} and {other}: their distribution functions differ by up to {d.ks:.3f} (Kolmogorov–Smirnov, "
        f"{p_text(d.ks_p)}), at {title} {d.ks_at:.4g}; the area between them is {d.wasserstein:.4g} "
        f"(Wasserstein, {p_text(d.wasserstein_p)})."
    )


def p_text(p: float) -> str:
    """Write a p value, the smallest possible one as a bound."""
    least = 1 / (PERMUTATIONS + 1)
    return "p ≤ 0.0005" if p <= least * 1.001 else f"p = {p:.2g}"


def apart_note(found: Apart, one: Part, other: Part) -> str:
    """Say what the p values are about."""
    dealt = "whole steps" if found.width == 1 else f"blocks of {found.width:,} neighbouring {steps_of(one)}"
    several = len(one.runs) > 1 or len(other.runs) > 1
    sides = "these runs, pooled," if several else "these two runs"
    few = " With so few, p cannot be small." if found.distance.n_clusters < 8 else ""
    return (
        f"p: how often a distance is at least as large when {dealt} ({found.distance.n_clusters:,} in all) are dealt "
        f"out between A and B at random, {PERMUTATIONS:,} times.{few} It asks whether {sides} differ in this stretch "
        "by more than chance, not whether two methods do: for that, repeat each with more seeds."
    )


def runs_note(inner: GroupBand, marked: str, stretch: Stretch, unit: str) -> str:
    """Say what the quantiles across runs are, and who is the run in the middle."""
    told = [f"Line: {inner.description}; lighter: 5th to 95th. Nothing is smoothed."]
    if marked:
        told.append(
            f"Dashed: the median run, {marked}, by its mean over {unit or 'step'}s {stretch.low:,} to {stretch.high:,}"
            f"{' (of two in the middle the lower)' if len(inner.members) % 2 == 0 else ''}."
        )
    if not inner.alignment.exact:
        told.append("Runs logged at different steps: each was interpolated within its own range.")
    if int(np.max(inner.n)) != int(np.min(inner.n)):
        told.append("Below: how many runs there are at each step; lines may jump where one ends.")
    return " ".join(told)


def heat_note(part: Part, run_label: str, metric: str, found: HeatMap) -> str:
    """Say what the heat map counts."""
    n = int(found.n.sum())
    what = count(n, part.noun) + f" of {drawn_for(part)}" if part.source == "samples" else count(n, "logged value")
    by_step = bool((found.first == found.last).all())
    wide = "a column a step" if by_step else f"columns of {found.stretches.width:,} {steps_of(part)}"
    return (
        f"{value_title(part, metric)} of {run_label}: {what}, {wide}. Colour, on a logarithmic scale: share of the "
        "column's values in the cell. Line: median."
    )
