"""``python -m rlcompare.cli``: the command line without its installed script."""

from rlcompare.cli import main

main()
