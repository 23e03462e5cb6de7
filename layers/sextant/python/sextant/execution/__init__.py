"""Execution: one run from claim to handed-in file."""
