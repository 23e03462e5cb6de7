"""Outputs: a run's rows in the lake, published by group commit, and the newest value of each metric."""
