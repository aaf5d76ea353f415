"""The hub: the service beside JupyterHub where teams share data, models, code and notebooks."""
