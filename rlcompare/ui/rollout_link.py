"""Which run, step and sample the Rollouts page shows, in the link as ``run``, ``step`` and ``sample``.

No control of Streamlit's is bound to them: what a link asks for may have to give way to what there is, as a step
without samples to the nearest one that has some; and a control leaves its default out of the link.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

PAGE = "pages/rollouts.py"

_KEYS = ("run", "step", "sample")
_PLACE = "rollouts_place"
#: What stood in the link when it was last drawn: anything else was asked for since then.
_WRITTEN = "rollouts_written"


@dataclass(frozen=True)
class Place:
    """What is shown, or asked for; None is left to the page.

    Parameters
    ----------
    run : str or None
    step : int or None
    sample : int or None
        Number of a sample at the step, from 1.
    asked : int or None
        The step that was asked for, where another one is shown in its place.
    """

    run: str | None = None
    step: int | None = None
    sample: int | None = None
    asked: int | None = None


def asked_place() -> Place:
    """Return what the link asks for, where it has changed, else what was chosen last."""
    written = _in_link()
    known: Place = st.session_state.get(_PLACE, Place())
    if written == st.session_state.get(_WRITTEN) or not any(written):
        return known
    run, step, sample = written
    return Place(run or known.run, _number(step), _number(sample))


def keep_place(place: Place) -> None:
    """Keep what is shown, and write it into the link."""
    told = dict(zip(_KEYS, (place.run, place.step, place.sample), strict=True))
    # All at once: each change of the link is a step of the browser's way back.
    changed = {key: str(value) for key, value in told.items() if value is not None}
    if any(st.query_params.get(key) != value for key, value in changed.items()):
        st.query_params.update(changed)
    for key, value in told.items():
        if value is None and key in st.query_params:
            del st.query_params[key]
    st.session_state[_PLACE] = place
    st.session_state[_WRITTEN] = _in_link()


def go_to_run(run: str) -> None:
    """Show another run, at the step nearest to the one shown."""
    known: Place = st.session_state.get(_PLACE, Place())
    st.session_state[_PLACE] = Place(run, known.step)


def go_to_step(step: int) -> None:
    """Show another step of the run."""
    st.session_state[_PLACE] = Place(st.session_state[_PLACE].run, step)


def go_to_sample(sample: int) -> None:
    """Show another sample of the step."""
    st.session_state[_PLACE] = replace(st.session_state[_PLACE], sample=sample)


def link_to(run: str, step: int) -> dict[str, str]:
    """Return the query of a link to the samples of a run at a step."""
    return {"run": run, "step": str(step)}


def _in_link() -> tuple[str | None, ...]:
    return tuple(st.query_params.get(key) for key in _KEYS)


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
