"""The words of the Correlation page: what was done to the data, and what was found. Plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rlcompare.charts.correlation import Colored
from rlcompare.curves import run_of
from rlcompare.stats.correlation import FEWEST
from rlcompare.stats.decomposition import RESAMPLES
from rlcompare.transforms.leads import Lead, Rolling
from rlcompare.transforms.sampled import Sampled, SampledGain
from rlcompare.ui.captions import count, listing
from rlcompare.ui.correlation_frames import Scattered
from rlcompare.ui.correlation_stages import Pairs


def left_out(found: Pairs, labels: Mapping[str, str]) -> str:
    """Say which of the compared runs have no pair, and why; empty where all have one."""
    told = []
    if found.without:
        names = listing([labels[run] for run in found.without])
        told.append(f"Without {found.names[0]} or {found.names[1]}: {count(len(found.without), 'run')} ({names}).")
    if found.apart:
        names = listing([labels[run] for run in found.apart])
        told.append(f"The two metrics are counted in different units of steps, and not joined, in: {names}.")
    unjoined = [labels[run_of(pair.name)] for pair in found.pairs if not len(pair.step)]
    if unjoined:
        told.append(f"The two metrics were never logged at the same step in: {listing(unjoined)}.")
    return " ".join(told)


def how_correlated(*, has_groups: bool) -> str:
    """Say what the table is of."""
    told = (
        "Values as logged, at the steps that have both metrics; first differences are the changes from one of these "
        "steps to the next. Intervals are 95 %, at an effective number of steps that allows for neighbouring steps "
        "being alike."
    )
    if has_groups:
        told += " A group has the mean of its runs, with Student's t interval over runs; runs are never pooled."
    return told


def how_scattered(found: Scattered, colored: Colored) -> str:
    """Say what a point is, and what colour tells."""
    if found.is_binned:
        colour = "how many fall into a bin" if colored == "run" else "how far the training was, on average"
        told = f"{found.n:,} joint steps counted in bins, none left out. Colour: {colour}."
    else:
        told = f"All {found.n:,} joint steps." if found.n > 1 else f"{count(found.n, 'joint step')}."
    if found.faceted:
        told += " All charts share their axes."
    return told


def how_rolled(found: Sequence[Rolling], window: int, n_runs: int, *, on_differences: bool) -> str:
    """Say what a point of the rolling coefficient is, and what the band."""
    what = "changes" if on_differences else "values"
    told = [
        f"Pearson's r of the last {window} {what} before each step.",
        "Grey: where two independent series that follow on themselves as closely as these would stay in 95 % of the "
        f"windows{'; the widest of the runs.' if len(found) > 1 else '.'}",
    ]
    if len(found) < n_runs:
        told.append(f"{count(n_runs - len(found), 'run')} with fewer joint steps than the window: not drawn.")
    return " ".join(told)


def how_lagged(found: Sequence[Lead], names: tuple[str, str], unit: str) -> str:
    """Say what a lag is, how long, and what the band."""
    n_lags = max(len(one.lag) for one in found)
    told = [f"At a lag above 0, {names[1]} is taken that many records after {names[0]}.", _spacing(found, unit)]
    told.append(
        f"Grey: the largest of all {n_lags} coefficients of two independent series would stay within it in 95 % of "
        f"cases{'; the widest of the runs.' if len(found) > 1 else '.'}"
    )
    return " ".join(told)


def _spacing(found: Sequence[Lead], unit: str) -> str:
    unit = unit or "step"
    lengths = sorted({one.spacing[1] for one in found})
    if all(one.is_even for one in found):
        if len(lengths) == 1:
            return f"One record is {count(lengths[0], unit)}."
        return f"One record is {lengths[0]:,} to {lengths[-1]:,} {unit}s, evenly spaced within each run."
    low, high = min(one.spacing[0] for one in found), max(one.spacing[2] for one in found)
    return (
        f"Records are unevenly spaced, {low:,} to {high:,} {unit}s apart (median {lengths[len(lengths) // 2]:,}): a "
        "lag counts records, not a fixed number of steps."
    )


def who_leads(found: Sequence[Lead], names: tuple[str, str], unit: str, labels: Mapping[str, str]) -> str:
    """Say which metric leads, and by how much: only where a lag stands out of the band."""
    if len(found) == 1:
        return _one_lead(found[0], names, unit)
    told = []
    for (first, second), sign in ((names, 1), (names[::-1], -1)):
        leading = [one for one in found if one.peak is not None and sign * one.peak > 0]
        if leading:
            lags = sorted(sign * (one.peak or 0) for one in leading)
            by = f"{count(lags[0], 'record')}" if lags[0] == lags[-1] else f"{lags[0]} to {lags[-1]} records"
            who = listing([labels[run_of(one.name)] for one in leading])
            told.append(f"{first} leads {second} by {by} in {_of(len(leading), len(found))}: {who}.")
    at_once = [one for one in found if one.peak == 0]
    if at_once:
        told.append(f"They move at the same step in {_of(len(at_once), len(found))}.")
    nothing = [one for one in found if one.peak is None]
    if nothing:
        told.append(f"No lag stands out in {_of(len(nothing), len(found))}.")
    return " ".join(told)


def _of(n: int, total: int) -> str:
    return f"{n:,} of {count(total, 'run')}"


def _one_lead(found: Lead, names: tuple[str, str], unit: str) -> str:
    if found.peak is None:
        return "No lag stands out from chance: neither leads the other."
    value = found.value[found.lag == found.peak][0]
    if found.peak == 0:
        return f"They move at the same step: the coefficient is largest at lag 0 ({value:+.2f})."
    first, second = names if found.peak > 0 else names[::-1]
    lag = abs(found.peak)
    steps = f", {count(lag * found.spacing[1], unit or 'step')}" if found.is_even else ", which are unevenly spaced"
    how = "rises" if value > 0 else "falls"
    return (
        f"{first} leads {second} by {count(lag, 'record')}{steps}: where it rises, {second} {how} that much later "
        f"({value:+.2f})."
    )


def too_short(window: int) -> str:
    """Say why nothing is drawn along the training."""
    return f"No run has {window} joint steps. Choose a shorter window, at least {FEWEST}."


NO_SAMPLES = (
    "No single answers or episodes in these logs. They come from Stable-Baselines3's Monitor files, verl's rollout "
    "dumps (trainer.rollout_data_dir) and TRL's completions (log_completions=True)."
)


def noun(samples: Sampled) -> str:
    """Say what one sample is: an answer of a language model, or an episode."""
    return "episode" if samples.unit == "env step" else "answer"


def parts_of_gain(what: str) -> tuple[str, str, str]:
    """Name the gain and its two parts."""
    return "Gain in all", f"Longer {what}s", f"Better {what}s of the same length"


def gain_sentence(found: SampledGain, what: str) -> str:
    """Say in one sentence how much of a gain is length."""
    gain = found.gain
    low, high = gain.intervals["total"]
    longer = "longer" if found.length_after >= found.length_before else "shorter"
    if low <= 0 <= high:
        return f"The reward of {what}s changed by {gain.total:+.3g}, which could be chance."
    part = gain.by_length / gain.total
    told = f"The reward rose by {gain.total:.3g}" if gain.total > 0 else f"The reward fell by {-gain.total:.3g}"
    better = "better" if gain.at_same_length > 0 else "worse"
    if 0 <= part <= 1:
        return (
            f"{told}: {part:.0%} of it because {what}s became {longer}, {1 - part:.0%} because {what}s of the same "
            f"length became {better}."
        )
    return (
        f"{told}: {gain.by_length:+.3g} because {what}s became {longer}, and {gain.at_same_length:+.3g} because "
        f"{what}s of the same length became {better}."
    )


def how_split(found: SampledGain, what: str, unit: str) -> str:
    """Say what was compared, in which bins, and what the intervals are."""
    (a, b, n), (c, d, m) = found.before, found.after
    resampled = "steps"
    if not found.gain.over_steps:
        resampled = f"single {what}s, as there are few steps; they leave out how steps differ"
    return (
        f"{count(n, what)} of {_steps(a, b)} against {count(m, what)} of {_steps(c, d)}, in "
        f"{count(len(found.gain.edges) - 1, 'bin')} of length ({unit}s), each counted with the mean of both stretches. "
        f"Lines: 95 % of {RESAMPLES:,} resamples of {resampled}."
    )


def _steps(first: int, last: int) -> str:
    return f"step {first:,}" if first == last else f"steps {first:,} to {last:,}"
