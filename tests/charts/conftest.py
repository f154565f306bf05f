"""No deadline for an example: the first one compiles what later ones reuse, and machines differ."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
