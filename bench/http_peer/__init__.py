"""The peer of `bench/http.py`, in an environment of its own."""
