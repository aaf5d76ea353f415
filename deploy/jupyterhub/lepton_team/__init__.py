"""A team's JupyterHub on one machine: accounts, walls between them, courses, servers."""
