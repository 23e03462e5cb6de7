"""The async face, written by hand. `python -m tools.docs client` makes the sync one from it."""
