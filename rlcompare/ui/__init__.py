"""The glue between Streamlit and the library: cached access, controls, the URL."""
