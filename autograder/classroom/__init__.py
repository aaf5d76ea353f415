"""A class on disk: its folders, roster, secret seed and questions."""
