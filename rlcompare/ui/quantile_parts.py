"""What stands beside each other on the Quantiles page: runs or groups, and where the values of each come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rlcompare.charts.palette import color_domain
from rlcompare.grouping import GroupBy
from rlcompare.metrics import SampledAs, Siblings, sampled_as, siblings_of, split_of, title_of
from rlcompare.runs import Runs
from rlcompare.store.record import RunRecord
from rlcompare.transforms.fans import Fan, Quantiles
from rlcompare.transforms.stretches_of_steps import Values
from rlcompare.ui import access, curve_charts, quantile_stages
from rlcompare.ui.curve_options import CurveOptions

#: Where the spread of a fan comes from: single samples; minimum and maximum, or standard deviation, as logged beside
#: the mean; or how far the logged values themselves are spread.
Source = Literal["samples", "extremes", "deviation", "values"]


class Kind(NamedTuple):
    """What runs of one part have in common."""

    label: str
    unit: str
    split: str
    length_unit: str


@dataclass(frozen=True)
class Asked:
    """What the visitor wants to see spread.

    Parameters
    ----------
    metric : str
    grouping : GroupBy
    by_samples : bool
        Single samples where there are some; else what was logged.
    bands : tuple of (lower, upper)
    """

    metric: str
    grouping: GroupBy
    by_samples: bool
    bands: tuple[Quantiles, ...]


@dataclass(frozen=True)
class Part:
    """A run or a group, of one unit of steps and of samples of one kind.

    Parameters
    ----------
    label : str
    runs : Runs
    unit : str
        Of its steps.
    source : Source
    what : SampledAs or None
        Its samples; None where they are not the source.
    siblings : tuple of Siblings
        What each run logged beside the mean, where that is the source.
    some_sampled : bool
        Some of its runs have samples, though not all.
    is_validation : bool
        Its values were not drawn to train on.
    """

    label: str
    runs: Runs
    unit: str
    source: Source
    what: SampledAs | None
    siblings: tuple[Siblings, ...]
    some_sampled: bool
    is_validation: bool

    @property
    def noun(self) -> str:
        """What a sample is called."""
        return "sample" if self.unit == "step" else "episode"


def parts_of(asked: Asked, runs: Runs, compared: Runs) -> list[Part]:
    """Find what the compared runs have of a metric.

    A group is parted where its runs count steps in different units, or have values of training and of validation, or
    lengths in different units. It is drawn from the best source that all of its runs have.

    Parameters
    ----------
    asked : Asked
    runs, compared : Runs
        The whole library, which names of groups hang on, and those that are compared.

    Returns
    -------
    list of Part
        In the order of the runs.
    """
    labels = curve_charts.line_labels(runs, CurveOptions(grouping=asked.grouping))
    found = access.sources(compared, compared.fingerprint, asked.metric)
    key_of = {run: (key, unit or "") for run, key, unit in found.select("run", "key", "step_unit").iter_rows()}
    members: dict[Kind, list[RunRecord]] = {}
    for record in compared.records:
        if record.id in key_of:
            key, unit = key_of[record.id]
            as_sampled = sampled_as(key)
            unit_of_length = as_sampled.length_unit if as_sampled else ""
            members.setdefault(Kind(labels[record.id], unit, split_of(key), unit_of_length), []).append(record)
    names = _names(list(members))
    parts = []
    for kind, records in members.items():
        keys = [key_of[record.id][0] for record in records]
        of_part = compared.select([record.id for record in records])
        what = sampled_as(keys[0]) if asked.by_samples and all(r.step_unit == kind.unit for r in records) else None
        n_sampled = sum(len(one) > 0 for one in _sampled(of_part, what)) if what else 0
        beside = [siblings_of(key, record.metrics.keys()) for key, record in zip(keys, records, strict=True)]
        siblings = tuple(one for one in beside if one is not None)
        source: Source = "values"
        if n_sampled == len(records):
            source = "samples"
        elif len(siblings) == len(records) and len({bool(one.spread) for one in siblings}) == 1:
            source = "deviation" if siblings[0].spread else "extremes"
        parts.append(
            Part(
                label=names[kind],
                runs=of_part,
                unit=kind.unit,
                source=source,
                what=what if source == "samples" else None,
                siblings=siblings if source in ("deviation", "extremes") else (),
                some_sampled=0 < n_sampled < len(records),
                is_validation=kind.split == "validation",
            )
        )
    return parts


def _sampled(runs: Runs, what: SampledAs) -> list[Values]:
    """Return the samples of the runs that log some."""
    logging = [runs.select([run]) for run in access.runs_with_samples(runs, runs.fingerprint)]
    return [quantile_stages.sampled(run, run.fingerprint, what) for run in logging]


def _names(kinds: Sequence[Kind]) -> dict[Kind, str]:
    """Name parts by their labels, and behind those what parts of one label differ in."""
    names = {}
    for kind in kinds:
        alike = [other for other in kinds if other.label == kind.label]
        differing = [
            own or "unknown unit"
            for own, *others in zip(kind[1:], *(o[1:] for o in alike), strict=True)
            if len({*others}) > 1
        ]
        names[kind] = ", ".join([kind.label, *differing])
    return names


def of_unit(parts: Sequence[Part], unit: str) -> list[Part]:
    """Return the parts whose steps are counted in a unit."""
    return [part for part in parts if part.unit == unit]


def units_of(parts: Sequence[Part]) -> list[str]:
    """List the units of steps, that of most runs first."""
    n: dict[str, int] = {}
    for part in parts:
        n[part.unit] = n.get(part.unit, 0) + len(part.runs)
    return sorted(n, key=lambda unit: (-n[unit], unit))


def compared_alike(parts: Sequence[Part]) -> list[Part]:
    """Return the parts whose distributions may be compared: where some have samples, those; else all."""
    return [part for part in parts if part.source == "samples"] or list(parts)


def values_of(part: Part, metric: str) -> list[Values]:
    """Return the values of each run: its samples where these are the source, else what was logged of the metric."""
    return [_values(part.runs.select([run]), metric, part.what) for run in part.runs.ids]


def ends_of(part: Part, metric: str) -> tuple[int, int] | None:
    """Find the first and the last step that have a value; None where there is no value."""
    having = [values for values in values_of(part, metric) if len(values)]
    if not having:
        return None
    return min(int(values.step[0]) for values in having), max(int(values.step[-1]) for values in having)


def _values(run: Runs, metric: str, what: SampledAs | None) -> Values:
    if what is None:
        return quantile_stages.logged(run, run.fingerprint, metric)
    return quantile_stages.sampled(run, run.fingerprint, what)


def fan_of(part: Part, asked: Asked) -> Fan:
    """Compute the fan of a part."""
    fingerprint = part.runs.fingerprint
    if part.source in ("samples", "values"):
        values = values_of(part, asked.metric)
        return quantile_stages.fan_of_samples(values, fingerprint, part.what or asked.metric, asked.bands)
    single = [part.runs.select([run]) for run in part.runs.ids]
    spreads = [
        quantile_stages.logged_spread(run, run.fingerprint, asked.metric, siblings)
        for run, siblings in zip(single, part.siblings, strict=True)
    ]
    return quantile_stages.fan_of_spread(spreads, fingerprint, asked.metric, part.source == "extremes")


def domain_of(parts: Sequence[Part], labels: Mapping[str, str], shown: Sequence[str]) -> tuple[str, ...]:
    """Colours of labels, those that runs and groups have on every page.

    Parameters
    ----------
    parts : sequence of Part
        All of them.
    labels : mapping of run to label
        Of the whole library.
    shown : sequence of str
    """
    library = dict.fromkeys([*labels.values(), *(part.label for part in parts)])
    return tuple(color_domain(list(library), list(shown)))


def value_title(part: Part, metric: str) -> str:
    """Name the axis of values; characters do not call themselves tokens."""
    unit = part.what.length_unit if part.what else ""
    title = "Response length" if unit == "character" else title_of(metric)
    return f"{title} ({unit}s)" if unit else title
