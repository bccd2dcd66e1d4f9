"""A part of verifying a large run, done by a process beside this one: the plan, the intents, and
the rules among rows, while this one goes through attempts and records.

It only ever says that all of its part is as it must be. Whatever else happens there (a fault, rows
that take some care, no memory, another moment of the database), it says nothing, and who asked does
the part itself: so what is found, in what words and in what order, is the same without it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from claimbench.store.checks.glance import plan_agrees
from claimbench.store.checks.rules import broken_rules
from claimbench.store.engine import make_engine
from claimbench.store.place import DatabaseUrl, Place
from claimbench.store.schema import attempts, calls, intents, looks, records, runs, seals
from claimbench.store.seals import Fold, Seal, folds_at

FROM_ROWS = 50_000
"""Planned calls from which on starting a process costs less than it saves."""


@dataclass(frozen=True, slots=True)
class Found:
    """The states of the plan and of the intents: at the newest seal, and whole. The columns of the
    plan agree, and the rules among rows are kept.
    """

    planned: tuple[Fold, Fold]
    begun: tuple[Fold, Fold]


class Beside:
    """The process, for as long as a block lasts; it is killed with the block's end."""

    def __init__(self, question: dict[str, Any]) -> None:
        self._run_id: str = question["run_id"]
        self._process = subprocess.Popen(
            # -P: a module in the folder of the user is none of ours
            [sys.executable, "-P", "-m", "claimbench.store.checks.beside", json.dumps(question)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is ours, and ends it
        )

    @classmethod
    def of(
        cls, path: Place, run_id: str, origin: str, seal: Seal, plan_sha256: str
    ) -> Beside | None:
        """Start it; None where it would gain nothing or cannot be.

        Args:
            path: of the database.
            run_id: the run.
            origin: the hash of its manifest.
            seal: the newest one.
            plan_sha256: the manifest's, as :func:`broken_rules` takes it.
        """
        small = seal.folds[calls.name].rows < FROM_ROWS
        if small or isinstance(path, DatabaseUrl) or (os.cpu_count() or 1) < 2:
            return None
        rows = {table.name: seal.folds[table.name].rows for table in (calls, intents)}
        question = {"path": str(path.absolute()), "run_id": run_id, "origin": origin, "rows": rows}
        try:
            return cls({**question, "plan_sha256": plan_sha256})
        except OSError:
            return None

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        with self._process:
            pass  # its pipe is closed, its end awaited

    def found(self, connection: Connection) -> Found | None:
        """Wait for what it found; None: nothing that holds of what ``connection`` reads."""
        said, _ = self._process.communicate()
        try:
            answer = json.loads(said)
            planned, begun = ((Fold(*at_seal), Fold(*whole)) for at_seal, whole in answer["states"])
        except (ValueError, KeyError, TypeError):
            return None
        if answer["moment"] != _moment(connection, self._run_id):
            return None
        return Found(planned, begun)


def _moment(connection: Connection, run_id: str) -> list[int | None]:
    """Return what two connections read alike only where they read the same rows of a run: rows are
    added at the end of every table, and what changes elsewhere is sealed.
    """
    asked = [func.max(table.c.seq) for table in (runs, intents, attempts, records, seals)]
    found = [connection.execute(select(newest)).scalar() for newest in asked]
    newest = select(func.max(looks.c.k)).where(looks.c.run_id == run_id)
    return [*found, connection.execute(newest).scalar()]


def _work(question: dict[str, Any]) -> dict[str, Any]:
    """Verify the part; raise ValueError where it is not as it must be."""
    run_id, origin, rows = question["run_id"], question["origin"], question["rows"]
    with make_engine(Path(question["path"]), "ro").connect() as connection:
        moment = _moment(connection, run_id)
        states = (
            folds_at(connection, calls, run_id, origin, rows[calls.name], _must_agree),
            folds_at(connection, intents, run_id, origin, rows[intents.name]),
        )
        for broken in broken_rules(connection, run_id, question["plan_sha256"]):
            raise ValueError(broken)
    plain = [[astuple(fold) for fold in pair] for pair in states]
    return {"moment": moment, "states": plain}


def _must_agree(rows: Any) -> None:
    if not plan_agrees(rows):
        raise ValueError("a planned call takes some care")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_work(json.loads(sys.argv[1]))))
