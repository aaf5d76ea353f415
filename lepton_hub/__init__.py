"""The hub: the service beside JupyterHub where teams share data, models, code and documents.

Folders build on each other in this order, and imports go one way:

    database → storage, audit, permissions → catalogue, previews → knowledge → search → api
    rendering (untrusted Markdown and notebooks) → api → api.routes, api.knowledge → application
    identity (who makes a request) → permissions

`lepton hub` starts it; `lepton_course.hub` is its client and knows only its HTTP API.
"""
