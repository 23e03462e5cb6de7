"""The peers of `bench.outbox`: pgqueuer and procrastinate, in a virtual environment of their own."""
