"""The plain sketch that the hub is compared with: Flask, and JSON in SQLite.

It has no permissions, no audit log, no encryption and no facets: `flask_sketch.py serve DIR PORT`
serves what `flask_sketch.py fill DIR ITEMS DOCUMENTS` wrote. Needs flask and waitress.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
import threading
from itertools import accumulate
from pathlib import Path

WORDS, LENGTH = 20_000, 80
HERE = threading.local()


def vocabulary() -> list[str]:
    """Return the same made-up words as the hub's."""
    syllables = ("ba", "ke", "di", "lo", "mu", "ra", "se", "ti", "vo", "nu")
    return ["".join(syllables[int(digit)] for digit in f"{n:03d}") for n in range(WORDS)]


def fill(folder: Path, items: int, documents: int) -> None:
    """Write the items and documents."""
    folder.mkdir(parents=True, exist_ok=True)
    words, chance = vocabulary(), random.Random(0)
    weights = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
    connection = sqlite3.connect(folder / "sketch.sqlite")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE things (name TEXT PRIMARY KEY, content TEXT)")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5(name, text)")
    for number in range(1, items + documents + 1):
        text = " ".join(chance.choices(words, cum_weights=weights, k=LENGTH))
        name = f"t{chance.randrange(1000) % 100}/i{number}"
        content = json.dumps({"name": name, "text": text, "title": text[:40]})
        connection.execute("INSERT INTO things VALUES (?, ?)", (name, content))
        connection.execute("INSERT INTO words VALUES (?, ?)", (name, text))
    connection.commit()
    connection.close()


def run(folder: Path, port: int) -> None:
    """Serve with waitress."""
    from flask import Flask, jsonify, request
    from waitress import serve

    app = Flask(__name__)

    def database() -> sqlite3.Connection:
        if not hasattr(HERE, "connection"):
            HERE.connection = sqlite3.connect(folder / "sketch.sqlite", timeout=30)
            HERE.connection.execute("PRAGMA synchronous = FULL")
        return HERE.connection

    @app.get("/items")
    def list_them():
        query = "SELECT content FROM things ORDER BY name LIMIT ?"
        found = database().execute(query, (request.args.get("limit", 50),))
        return jsonify([json.loads(content) for (content,) in found])

    @app.get("/items/<space>/<name>")
    @app.get("/documents/<space>/<name>")
    def read(space: str, name: str):
        query = "SELECT content FROM things WHERE name = ?"
        found = database().execute(query, (f"{space}/{name}",)).fetchone()
        return jsonify(json.loads(found[0])) if found else ({}, 404)

    @app.get("/search")
    def search():
        query = "SELECT name FROM words WHERE words MATCH ? ORDER BY rank LIMIT 20"
        words = " ".join(f'"{word}"' for word in request.args.get("q", "").split())
        return jsonify([name for (name,) in database().execute(query, (words,))])

    @app.post("/documents")
    def make():
        told = request.get_json()
        name = f"{told['space']}/{told['name']}"
        with database() as connection:
            content = json.dumps(told)
            connection.execute("INSERT INTO things VALUES (?, ?)", (name, content))
            connection.execute("INSERT INTO words VALUES (?, ?)", (name, told["text"]))
        return {"reference": name}, 201

    # With select(), waitress ends at the 1,024th connection.
    crowd = {"connection_limit": 2000, "backlog": 2048, "asyncore_use_poll": True}
    serve(app, host="127.0.0.1", port=port, threads=16, **crowd)


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        run(Path(sys.argv[2]), int(sys.argv[3]))
