"""The way into a page is through app.py, also for the first visitor of a fresh server.

Until ``st.navigation`` has run once in a server, Streamlit takes a folder ``pages`` beside the main script for its old
kind of multipage app: a link to ``/curves`` runs ``pages/curves.py`` without app.py. (Under any other URL it would tell
the visitor that there is no such page.) Such a page hands over to app.py, which draws it as usual.
"""

from __future__ import annotations

import streamlit as st

_ENTERED = "entered_through_app"


def enter() -> None:
    """Note that app.py draws the page that follows."""
    st.session_state[_ENTERED] = True


def through_app(page: str) -> None:
    """Begin a page: where app.py did not, start over with it.

    Parameters
    ----------
    page : str
        The page's ``__file__``.
    """
    if not st.session_state.pop(_ENTERED, False):
        # The call ends the old kind of app for this server. It names the page, or the visitor would be told that there
        # is none, and another one, for an only page has no URL of its own.
        st.navigation([st.Page(lambda: None, title="rlcompare", default=True), st.Page(page)], position="hidden")
        st.rerun()
