"""The tables of a project, and annotations read from them and written to them.

    facts    name, data            `video`, `video_path`, `state`
    spare    name, data            the same again, on another page of the file
    targets  id, data              what is known of each target
    boxes    key, data             rows of 256 frames of one target
    edits    id, is_more, at, by, kind, text, data    what was done, ids without a gap

`data` is sealed: see `_sealed`. A run is several rows of `edits`, all but the first
with `is_more`; they are one step of undo.
"""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, astuple, dataclass
from typing import Any

import numpy as np

from fcot_engine.annotation._database import decode_text
from fcot_engine.annotation._sealed import (
    info_from_json,
    info_to_json,
    seal_json,
    seal_rows,
    unseal_json,
    unseal_rows,
)
from fcot_engine.annotation.boxes import Maker
from fcot_engine.annotation.changes import Edit, SetBoxes
from fcot_engine.annotation.targets import AnnotatedTarget, Annotations
from fcot_engine.errors import ProjectError

PAGE_BYTES = 4096
ROWS_IN_BLOCK = 256
_VERSION = 1
_APPLICATION = 0x46434F54  # "FCOT"
_MOST_BLOCKS = 2**24  # of a target
_SCHEMA = f"""
PRAGMA page_size = {PAGE_BYTES};
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
CREATE TABLE facts (name TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;
CREATE TABLE spare (name TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;
CREATE TABLE targets (id INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE boxes (key INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE edits (
    id INTEGER PRIMARY KEY, is_more INTEGER, at TEXT, by TEXT, kind TEXT, text TEXT,
    data BLOB
);
"""


@dataclass(frozen=True)
class State:
    """Where the edits stand, and how much there is; one fact of the file."""

    first: int = 1
    """Id of the oldest edit that is kept."""
    done: int = 0
    """Id of the last edit that is done; those behind it were taken back."""
    last: int = 0
    """Id of the newest edit."""
    next_id: int = 1
    """Of the next new target."""
    makers: tuple[tuple[str, ...], ...] = ()
    """By their numbers in rows."""
    n_targets: int = 0
    n_boxes: int = 0

    @classmethod
    def of(cls, annotations: Annotations, *, first: int, done: int, last: int) -> State:
        """Describe annotations as they are now."""
        return cls(
            first=first,
            done=done,
            last=last,
            next_id=annotations.next_id,
            makers=tuple(astuple(maker) for maker in annotations.makers),
            n_targets=len(annotations),
            n_boxes=sum(len(target.boxes) for target in annotations),
        )


def new_memory(*, is_empty: bool = False) -> sqlite3.Connection:
    """Return a database in memory, with the tables if it is not to be filled."""
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    memory.text_factory = decode_text
    if not is_empty:
        memory.executescript(_SCHEMA)
    return memory


def check_file(connection: sqlite3.Connection, name: str) -> None:
    """Make sure that this program can read the file.

    Raises:
        ProjectError: it is of a newer version.
        ValueError: it is damaged, or of another program; or `sqlite3.Error`.
    """
    ((application,),) = connection.execute("PRAGMA application_id")
    ((version,),) = connection.execute("PRAGMA user_version")
    if application == _APPLICATION and version > _VERSION:
        raise ProjectError(
            f"{name} was written by a newer version of the program (format {version}, "
            f"this one reads {_VERSION}). Update napari-fcot."
        )
    ((found,),) = connection.execute("PRAGMA quick_check(1)")
    if application != _APPLICATION or found != "ok":
        raise ValueError(f"damaged: {found}")


def read_fact(
    connection: sqlite3.Connection, name: str, *, table: str = "facts"
) -> Any:
    """Read a fact; raises `sqlite3.Error` or one of `BROKEN`."""
    rows = connection.execute(f"SELECT data FROM {table} WHERE name = ?", (name,))
    value = unseal_json(name, rows.fetchone()[0])
    return State(**value) if name == "state" else value


def write_fact(connection: sqlite3.Connection, name: str, value: Any) -> None:
    """Write a fact, twice."""
    sealed = seal_json(name, asdict(value) if isinstance(value, State) else value)
    for table in ("facts", "spare"):
        connection.execute(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (name, sealed)
        )


def read_annotations(connection: sqlite3.Connection, state: State) -> Annotations:
    """Read all targets and boxes.

    Raises:
        ValueError: there are more or fewer than there should be; or another one of
            `BROKEN`, or `sqlite3.Error`, for what was damaged otherwise.
    """
    annotations = Annotations()
    restore_makers(annotations, state)
    for number, sealed in connection.execute("SELECT id, data FROM targets"):
        info = info_from_json(unseal_json((number,), sealed))
        annotations.set_info(number, None, info)
    query = "SELECT key, data FROM boxes ORDER BY key DESC"  # the longest part first
    for key, sealed in connection.execute(query):
        number, block = divmod(key, _MOST_BLOCKS)
        rows = unseal_rows((number, block), sealed)
        frames = np.arange(len(rows)) + block * ROWS_IN_BLOCK
        annotations[number].boxes.put(frames, rows)
    found = State.of(annotations, first=state.first, done=state.done, last=state.last)
    if (found.n_targets, found.n_boxes) != (state.n_targets, state.n_boxes):
        raise ValueError("targets or boxes are missing")
    return annotations


def restore_makers(annotations: Annotations, state: State) -> None:
    """Give makers the numbers that rows on the disk know them by."""
    annotations.next_id = state.next_id
    for fields in state.makers:
        annotations.makers.number_of(Maker(*fields))


def write_touched(
    connection: sqlite3.Connection, annotations: Annotations, edit: Edit
) -> None:
    """Write what an edit has changed in the annotations."""
    for number in map(int, edit.target_ids):  # SQLite takes numpy's for bytes
        target = annotations.find(number)
        if target is None:
            _remove_target(connection, number)
            continue
        _write_info(connection, target)
        frames = [
            change.frames
            for change in edit.changes
            if isinstance(change, SetBoxes) and change.target_id == number
        ]
        if frames:
            blocks = np.unique(np.concatenate(frames) // ROWS_IN_BLOCK)
            _write_blocks(connection, target, blocks.tolist())


def write_all(connection: sqlite3.Connection, annotations: Annotations) -> None:
    """Write all targets and boxes into a database that has none."""
    for target in annotations:
        _write_info(connection, target)
        n_blocks = -(-len(target.boxes.rows()) // ROWS_IN_BLOCK)
        _write_blocks(connection, target, list(range(n_blocks)))


def box_key(target_id: int, block: int) -> int:
    """Return the key of a block of boxes."""
    return target_id * _MOST_BLOCKS + block


def _write_info(connection: sqlite3.Connection, target: AnnotatedTarget) -> None:
    number = target.target_id
    sealed = seal_json((number,), info_to_json(target.info))
    connection.execute("INSERT OR REPLACE INTO targets VALUES (?, ?)", (number, sealed))


def _remove_target(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("DELETE FROM targets WHERE id = ?", (number,))
    ends = box_key(number, 0), box_key(number + 1, 0)
    connection.execute("DELETE FROM boxes WHERE key >= ? AND key < ?", ends)


def _write_blocks(
    connection: sqlite3.Connection, target: AnnotatedTarget, blocks: list[int]
) -> None:
    rows = target.boxes.rows()
    for block in blocks:
        inside = rows[block * ROWS_IN_BLOCK : (block + 1) * ROWS_IN_BLOCK]
        key = box_key(target.target_id, block)
        if not inside["origin"].any():
            connection.execute("DELETE FROM boxes WHERE key = ?", (key,))
            continue
        sealed = seal_rows((target.target_id, block), inside)
        connection.execute("INSERT OR REPLACE INTO boxes VALUES (?, ?)", (key, sealed))
