"""The compute pool: jobs wait in fair order, run in the sandbox, and leave versions of items.

This file imports nothing: the process that watches a program is started often, and imports it.
"""
