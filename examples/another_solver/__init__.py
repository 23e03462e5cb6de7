"""Sextant's inputs in the hands of another solver."""
