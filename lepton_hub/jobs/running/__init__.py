"""A worker's part: run jobs in the sandbox, one after the other."""
