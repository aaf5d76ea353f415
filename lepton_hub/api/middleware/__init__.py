"""Middleware that wraps every request."""
