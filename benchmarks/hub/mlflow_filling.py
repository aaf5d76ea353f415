"""Fill a database of MLflow's with registered models: `mlflow_filling.py FOLDER COUNT`.

Runs where MLflow is installed.
"""

from __future__ import annotations

import random
import sys
from itertools import accumulate
from pathlib import Path

from flask_sketch import LENGTH, WORDS, vocabulary
from mlflow.store.model_registry.dbmodels.models import SqlRegisteredModel, SqlRegisteredModelTag
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import create_engine, insert


def main(folder: Path, count: int) -> None:
    """Write models with a description and three tags each, named by four words and a number."""
    database = f"sqlite:///{folder}/mlflow.sqlite"
    SqlAlchemyStore(database, str(folder / "artifacts"))  # makes the tables
    chance, words = random.Random(0), vocabulary()
    weights = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
    models, tags = [], []
    for number in range(1, count + 1):
        name = "-".join([*chance.choices(words, cum_weights=weights, k=4), f"i{number}"])
        text = " ".join(chance.choices(words, cum_weights=weights, k=LENGTH))
        models.append({"name": name, "description": text, "last_updated_time": number})
        some = {chance.randrange(200) for _ in range(3)}
        tags += [{"name": name, "key": f"tag{one}", "value": ""} for one in sorted(some)]
    with create_engine(database).begin() as connection:
        connection.execute(insert(SqlRegisteredModel), models)
        connection.execute(insert(SqlRegisteredModelTag), tags)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
