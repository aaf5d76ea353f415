"""Programs of jobs on the workers of a Dask cluster; all else of a job stays with the hub."""
