"""The hub: the service beside JupyterHub where teams share data sets, models, code and notebooks.

Folders build on each other in this order, and imports go one way:

    database → storage, audit, permissions → catalogue, previews → api → api.routes → application
    identity (who asks) → permissions

`lepton hub` starts it; `lepton_course.hub` is its client and knows only its HTTP API.
"""
