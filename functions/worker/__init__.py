"""The workers: runs are computed, outputs committed, lost runs recovered, the table maintained."""
