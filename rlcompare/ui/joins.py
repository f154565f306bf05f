"""The control for runs that look like one training: says why, and joins them where the visitor asks for it."""

from __future__ import annotations

import streamlit as st

from rlcompare.store.joining import Chain
from rlcompare.ui import access
from rlcompare.ui.access import JOINS_KEY
from rlcompare.ui.captions import count
from rlcompare.ui.controls import carry_over, keep_for_next_page, known_or_asked, note

#: Offers described before the rest is counted.
LISTED = 3


def offer_joins() -> None:
    """Show which runs look like one training, and the control that joins them; nothing where none do."""
    offers = access.offers()
    options = known_or_asked([chain.id for chain in offers], JOINS_KEY)
    if not options:
        return
    carry_over(JOINS_KEY)
    asked = access.asked_joins()
    labels = access.all_labels(tuple(run for chain in offers for run in chain.runs))
    for chain in offers[:LISTED]:
        note(_described(chain, labels, is_joined=chain.id in asked))
    if len(offers) > LISTED:
        note(f"So do {count(len(offers) - LISTED, 'more group')} of runs.")
    joined = st.multiselect(
        "Joined runs",
        options,
        key=JOINS_KEY,
        bind="query-params",
        placeholder="Join them",
        help="Shows runs that are one training as one, with a mark where it goes on. Take one away to part it again.",
    )
    keep_for_next_page(JOINS_KEY, joined)


def _described(chain: Chain, labels: dict[str, str], *, is_joined: bool) -> str:
    runs = " → ".join(labels[run] for run in chain.runs)
    what = "are joined" if is_joined else "look like one training"
    return f"{count(len(chain.runs), 'run')} {what}: {runs} ({chain.reason})."
