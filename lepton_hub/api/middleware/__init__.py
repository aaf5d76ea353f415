"""What stands around all requests."""
