"""Colours of runs and groups of runs: stable, and apart from each other for every kind of colour vision.

The colours themselves belong to the theme, which the browser knows and the server does not: ``chartCategoricalColors``
in ``.streamlit/config.toml``, ten for a light and ten for a dark background with the same hues in the same places. They
were found by annealing in OKLab from the hues of Okabe and Ito (2008): the smallest distance of two of them is 0.09
under the protanopia, deuteranopia and tritanopia of Machado et al. (2009), where Okabe and Ito's eight have 0.08.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Colours before they repeat; as many as the theme has.
N_COLORS = 10


def color_domain(library: Sequence[str], chosen: Sequence[str], n_colors: int = N_COLORS) -> list[str]:
    """Order a colour scale's domain such that runs keep their colours and as few as possible share one.

    A run's own colour is that of its place in the whole library, so that choosing and filtering do not recolour. Where
    that colour is taken more often than another, as by every tenth run, the run gets the next one that is not. Going
    by the order in which runs were chosen, one more run never changes the colours of those before it.

    The same serves for groups of runs. Leaving one out of `chosen` recolours no other while the library has at most
    `n_colors`. Of more, no rule can promise that and also let few share a colour (two that have one hue could then
    never be told apart, whatever else is chosen), so that one which is only hidden on the page stays in `chosen`.

    A categorical scale gives its ``i``-th domain value the theme's colour ``i`` modulo `n_colors`. Places that no run
    holds are held by names that no run can have (a file's name never contains a zero byte).

    Parameters
    ----------
    library : sequence of str
        Every run, in a fixed order.
    chosen : sequence of str
        Some of them, in the order in which they were chosen.

    Returns
    -------
    list of str, each chosen run once
    """
    own = {run: place % n_colors for place, run in enumerate(library)}
    taken = [0] * n_colors
    places: dict[int, str] = {}
    for run in chosen:
        fewest = min(taken)
        color = next(c % n_colors for c in range(own[run], own[run] + n_colors) if taken[c % n_colors] == fewest)
        places[taken[color] * n_colors + color] = run
        taken[color] += 1
    return [places.get(place, f"\0{place}") for place in range(max(places, default=-1) + 1)]
