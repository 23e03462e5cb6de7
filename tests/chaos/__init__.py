"""Chaos campaigns: kill parts while they work, then count. `make chaos ONLY=<name>`.

A campaign prints its seed, ends with a table of what was injected and what was found, exits non-zero on
any loss or duplicate, and writes `bench/results/chaos-<name>.json`.
"""
