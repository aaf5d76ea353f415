"""The hub's database: its tables' base, how it is opened, and its migrations."""
