"""Frames in, Altair charts out: no arithmetic beyond encoding."""
