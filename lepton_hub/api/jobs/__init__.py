"""The API of the compute pool: ask for jobs, look at them, cancel them."""
