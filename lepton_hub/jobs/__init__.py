"""The compute pool: jobs wait in fair order, run in the sandbox, and leave versions of items.

This file imports nothing: the process that watches a program starts through here, and starts often.
"""
