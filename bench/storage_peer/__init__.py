"""The peer of `bench.storage`: ff-storage, in a virtual environment of its own, driven over a pipe."""
