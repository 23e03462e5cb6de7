"""Runs: a scenario's version, asked to be computed once, with options and a seed."""
