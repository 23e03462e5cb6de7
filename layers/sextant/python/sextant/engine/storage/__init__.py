"""Storage and reservoirs against a merit order, exact without a solver."""
