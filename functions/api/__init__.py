"""The HTTP API: one entry for everything that needs no lake, another for the routes that read it."""

import gc

# Nothing of what a cold start imports is garbage, and requests leave next to none that counting references does not
# free: looking for it every 700 objects took a tenth of the start.
gc.set_threshold(100_000, 20, 100)
