"""Benchmarks: each measures ours against a peer, or a limit, in the same run. `make bench ONLY=<name>`."""
