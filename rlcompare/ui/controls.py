"""Controls that several pages share, and text that must not be read as markup."""

from __future__ import annotations

import html
from urllib.parse import urlsplit

import streamlit as st

from rlcompare.runs import Runs
from rlcompare.ui import access

#: The chosen runs, in the URL of every page.
RUNS_KEY = "runs"
#: So many runs are drawn when none is chosen.
RUNS_UNASKED = 20


def note(text: str) -> None:
    """Print small. Unlike ``st.caption`` it shows the names of runs and metrics as they are, never as Markdown."""
    st.html(f'<p style="font-size: 0.875rem; opacity: 0.7; margin: 0">{html.escape(text)}</p>')


def say(text: str) -> None:
    """Print a sentence as it is, never as Markdown: names of runs and metrics stand in it."""
    st.html(f'<p style="margin: 0">{html.escape(text)}</p>')


def say_what_went_wrong(folders: access.LogFolders) -> None:
    """Tell about a log folder that is not there, or a cache that cannot be written."""
    for issue in access.library(folders).snapshot().issues:
        if not issue.path:
            st.error("The log folders could not be read.", icon=":material/error:")
            st.text(issue.message)


def say_where_runs_come_from(folders: access.LogFolders) -> None:
    """Tell about the demo runs and how to see others, at the end of the sidebar."""
    if folders.is_demo:
        with st.sidebar.container(key="demo_note"):
            st.caption("These are the bundled demo runs. To see your own, start the app with their folder:")
            st.code("streamlit run app.py -- LOGS", language=None, wrap_lines=True)


def show_reading() -> None:
    """While log folders are being read: how far, and a redraw of the page as runs become ready."""
    # A place of its own, or what comes and goes here would make the browser build everything below it anew.
    place = st.empty()
    library = access.library(access.current_folders())
    if library.progress.running:
        with place.container():
            _follow_reading(len(library.snapshot().records))
    elif access.has_news():
        # The last of it became ready while the page was on its way here.
        st.rerun()


@st.fragment(run_every=0.5)
def _follow_reading(n_shown: int) -> None:
    library = access.library(access.current_folders())
    progress = library.progress
    if not progress.running or len(library.snapshot().records) > n_shown:
        st.rerun()
    if progress.total:
        st.progress(progress.done / progress.total, text=f"Reading runs: {progress.done:,} of {progress.total:,}")
    else:
        st.progress(0.0, text="Looking for runs …")


def known_or_asked(known: list[str], key: str) -> list[str]:
    """Return the options of a control in the URL: those known and, while logs are read, those the link asks for.

    Without the latter a link opened before all runs are read would lose its selection.
    """
    if not access.library(access.current_folders()).progress.running:
        return known
    held = st.session_state.get(key) or []
    asked = [*st.query_params.get_all(key), *([held] if isinstance(held, str) else held)]
    return [*known, *dict.fromkeys(name for name in asked if name not in set(known))]


def follow_suggestion(key: str, suggested_key: str, suggested: object) -> None:
    """Set a control to what is suggested until the visitor or the link chooses something else.

    Parameters
    ----------
    key : str
        Of the control; it lives in the URL.
    suggested_key : str
        Where the session remembers what was suggested last.
    suggested : object
    """
    untouched = st.session_state.get(key) == st.session_state.get(suggested_key)
    asked = key in st.query_params and key not in st.session_state
    if untouched and not asked:
        st.session_state[key] = st.session_state[suggested_key] = suggested


def show_error(title: str, message: str) -> None:
    """Tell what is wrong with what was typed; the message is shown as it is."""
    st.error(title, icon=":material/error:")
    st.text(message)


def choose_runs(runs: Runs) -> list[str]:
    """Show the control for the chosen runs, the same on every page and in the URL.

    Returns
    -------
    list of run ids that are ready, in the order in which they were chosen
    """
    carry_over(RUNS_KEY)
    _follow_joins(runs)
    # The link holds what the options are called, so they are called by their ids.
    chosen = st.multiselect(
        "Chosen runs",
        known_or_asked(list(runs.ids), RUNS_KEY),
        key=RUNS_KEY,
        bind="query-params",
        placeholder="Choose runs",
        help="The pages compare these runs. The table on the Runs page chooses the same.",
    )
    keep_for_next_page(RUNS_KEY, chosen)
    ready = set(runs.ids)
    return [run for run in chosen if run in ready]


def carry_over(key: str) -> None:
    """Choose on this page what was chosen on the one before, in a control of several options.

    Streamlit does so with what was clicked, but forgets on a page what stood in the link to another.
    """
    page, chosen = st.session_state.get(access.CARRIED.format(key), (_page(), []))
    if page != _page() and chosen and key not in st.query_params:
        # The one for the control, which looks at the link only when a page is opened; the other for the link.
        st.session_state[key] = chosen
        st.query_params[key] = chosen


def keep_for_next_page(key: str, chosen: list[str]) -> None:
    """Remember for :func:`carry_over` what is chosen on this page."""
    st.session_state[access.CARRIED.format(key)] = (_page(), chosen)


def _follow_joins(runs: Runs) -> None:
    """Choose a joined run in the place of its parts, and the parts again where it is joined no more."""
    now: dict[str, tuple[str, ...]] = {chain.id: chain.runs for chain in access.offers()}
    for record in runs.records:
        now |= {part.id: (record.id,) for part in record.joined}
    ready = set(runs.ids)
    from_link = RUNS_KEY not in st.session_state
    asked = st.query_params.get_all(RUNS_KEY) if from_link else st.session_state[RUNS_KEY]
    fitting = list(dict.fromkeys(of for run in asked for of in ((run,) if run in ready else now.get(run, (run,)))))
    if fitting != asked:
        st.session_state[RUNS_KEY] = fitting
        if from_link:
            st.query_params[RUNS_KEY] = fitting


def _page() -> str:
    return urlsplit(st.context.url or "").path


def runs_to_compare(runs: Runs, chosen: list[str]) -> Runs:
    """Return the chosen runs or, where none is chosen, all of a few and the newest of many, and say so."""
    if chosen:
        return runs.select(chosen)
    if len(runs) <= RUNS_UNASKED:
        note(f"No runs chosen: all {len(runs):,} are shown.")
        return runs
    table = access.run_table(runs, runs.fingerprint, access.this_minute())
    newest = set(table.sort("updated", descending=True, nulls_last=True).head(RUNS_UNASKED)["run"])
    note(
        f"No runs chosen: the {RUNS_UNASKED} updated last are shown, of {len(runs):,}. Choose others on the Runs page."
    )
    return runs.select([run for run in runs.ids if run in newest])


def show_no_runs() -> None:
    """Say what to do when nothing was found; nothing while folders are still being read."""
    folders = access.current_folders()
    if access.library(folders).progress.running:
        return
    st.info("No runs found in these folders. Start the app with the folder that your trainer writes to:")
    st.code("streamlit run app.py -- LOGS", language=None, wrap_lines=True)
    for path in folders.paths:
        st.text(f"Looked in {path}")
