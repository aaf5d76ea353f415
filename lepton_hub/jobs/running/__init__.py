"""The worker's side: run jobs in the sandbox, one at a time."""
