"""Runs: one computation of a scenario's version, with options and a seed."""
