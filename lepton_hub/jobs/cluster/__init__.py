"""Run jobs' programs on the workers of a Dask cluster; everything else stays with the hub."""
