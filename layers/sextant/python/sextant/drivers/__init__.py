"""The contract of a scenario's assumptions and of a run's parameters: types, ranges, units, defaults, meanings.

The API validates with it, the engine computes on its objects, OpenAPI and docs/model.md are made from it. No numpy here.
"""
