"""Settings that change while the system runs: flags, limits, configuration; and who changed them, why."""
