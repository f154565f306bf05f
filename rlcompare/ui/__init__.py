"""The glue between Streamlit and the library: cached access, controls, the URL.

Streamlit imports pandas when it shows its first table, and Altair looks into pandas wherever it finds it: also where
another session's thread is still half-way through that import. So it is imported here, before any page runs.
"""

from importlib import import_module

import_module("pandas")
