"""One import of pandas at a time, and not while Altair looks.

Streamlit imports pandas when it shows its first table, and Altair looks into pandas wherever it finds it: also where
another session's thread is still half-way through that import. A page without a table does not need pandas, and is
drawn a quarter of a second earlier on a fresh server.
"""

from __future__ import annotations

import threading
from importlib import import_module

#: Held by whoever imports pandas, and by whoever builds a chart with Altair.
IMPORTING = threading.Lock()


def import_pandas() -> None:
    """Import pandas before a table is shown."""
    with IMPORTING:
        import_module("pandas")
