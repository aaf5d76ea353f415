"""Pages of the compute pool: ask for a job, watch it, cancel it."""
