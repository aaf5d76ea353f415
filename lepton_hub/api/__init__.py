"""The hub's HTTP API: what requests and answers hold, and what all routes share."""
