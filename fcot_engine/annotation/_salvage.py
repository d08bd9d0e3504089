"""What can be saved of a damaged project: every piece that is as it was written."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fcot_engine.annotation._database import connect
from fcot_engine.annotation._sealed import (
    BROKEN,
    info_from_json,
    unseal_changes,
    unseal_json,
    unseal_rows,
)
from fcot_engine.annotation._tables import (
    PAGE_BYTES,
    ROWS_IN_BLOCK,
    State,
    box_key,
    new_memory,
    read_fact,
    restore_makers,
    write_all,
    write_fact,
)
from fcot_engine.annotation.changes import By, Edit
from fcot_engine.annotation.targets import Annotations
from fcot_engine.errors import EditError, ProjectError

EditRow = tuple[Any, ...]


@dataclass
class _Found:
    """What was read of a damaged file."""

    facts: dict[str, Any]
    annotations: Annotations
    edits: dict[int, EditRow]
    """Rows of `edits` by id."""

    @property
    def state(self) -> State:
        """What there should be."""
        state: State = self.facts["state"]
        return state


def salvage(path: Path) -> tuple[sqlite3.Connection, str]:
    """Read what is left of a project; the file is only read.

    Targets, blocks of boxes and edits are read one by one. If some of the boxes are
    gone but all edits are there, the edits are done once more.

    Returns:
        A database in memory, and what was saved and lost, in words.

    Raises:
        ProjectError: nothing of a project was found.
    """
    with tempfile.TemporaryDirectory(prefix="fcot-") as folder:
        copy = Path(folder) / "copy"
        try:
            shutil.copyfile(path, copy)
            found = _read_pieces(copy)
            if found is None:
                _mend_first_page(copy)
                found = _read_pieces(copy)
        except OSError as error:
            raise ProjectError(f"{path} cannot be read: {error.strerror}.") from error
    if found is None:
        raise ProjectError(
            f"{path.name} is no project, or it is damaged so much that nothing can be "
            "read. Restore a copy of it."
        )
    state = found.state
    annotations = found.annotations
    if _count(annotations) != (state.n_targets, state.n_boxes):
        annotations = _do_once_more(found) or annotations
    is_whole = _count(annotations) == (state.n_targets, state.n_boxes)
    kept = _keep_edits(found) if is_whole else replace(state, first=1, done=0, last=0)
    memory = new_memory()
    for name, fact in found.facts.items():
        write_fact(memory, name, fact)
    write_all(memory, annotations)
    n_targets, n_boxes = _count(annotations)
    kept = replace(kept, n_targets=n_targets, n_boxes=n_boxes)
    write_fact(memory, "state", kept)
    rows = [found.edits[number] for number in range(kept.first, kept.last + 1)]
    memory.executemany("INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return memory, _describe(path.name, state, kept)


def _read_pieces(path: Path) -> _Found | None:
    """Read what can be read; None if it does not even say what there should be."""
    with contextlib.closing(connect(path, "ro")) as damaged:
        facts = {}
        for name in ("state", "video", "video_path"):
            for table in ("spare", "facts"):
                with contextlib.suppress(sqlite3.Error, *BROKEN):
                    facts[name] = read_fact(damaged, name, table=table)
        if not facts.keys() >= {"state", "video"}:
            return None
        facts.setdefault("video_path", None)
        state: State = facts["state"]
        annotations = Annotations()
        restore_makers(annotations, state)
        _read_targets(damaged, annotations, facts["video"]["n_frames"])
        edits = {}
        for number in range(state.first, state.last + 1):
            for row in _probe(damaged, "SELECT * FROM edits WHERE id = ?", number):
                with contextlib.suppress(*BROKEN):
                    By(row[3])
                    unseal_changes((number,), row[-1])
                    edits[number] = row
        return _Found(facts, annotations, edits)


def _read_targets(
    damaged: sqlite3.Connection, annotations: Annotations, n_frames: int
) -> None:
    for number in range(1, annotations.next_id):
        for (sealed,) in _probe(
            damaged, "SELECT data FROM targets WHERE id = ?", number
        ):
            with contextlib.suppress(*BROKEN):
                info = info_from_json(unseal_json((number,), sealed))
                annotations.set_info(number, None, info)
        target = annotations.find(number)
        for block in range(-(-n_frames // ROWS_IN_BLOCK) if target else 0):
            query = "SELECT data FROM boxes WHERE key = ?"
            for (sealed,) in _probe(damaged, query, box_key(number, block)):
                with contextlib.suppress(*BROKEN):
                    rows = unseal_rows((number, block), sealed)
                    frames = np.arange(len(rows)) + block * ROWS_IN_BLOCK
                    annotations[number].boxes.put(frames, rows)


def _probe(
    damaged: sqlite3.Connection, query: str, key: int
) -> Iterator[tuple[Any, ...]]:
    """Yield the row of a key, if it can be read."""
    with contextlib.suppress(sqlite3.Error):
        yield from damaged.execute(query, (key,)).fetchall()


def _mend_first_page(path: Path) -> None:
    """Put the page that says where the tables are into a file; all projects share it.

    It is followed by the roots of the tables, which were made in the same order. Of
    those that were cut off, empty pages take the place.
    """
    fresh = path.with_name("fresh")
    with contextlib.closing(connect(fresh, "rwc")) as disk:
        new_memory().backup(disk)
    whole = fresh.read_bytes()
    page = bytearray(whole[:PAGE_BYTES])
    n_pages = -(-max(path.stat().st_size, len(whole)) // PAGE_BYTES)
    page[28:32] = n_pages.to_bytes(4, "big")
    with path.open("r+b") as stream:
        stream.write(page)
        stream.truncate(n_pages * PAGE_BYTES)


def _count(annotations: Annotations) -> tuple[int, int]:
    return len(annotations), sum(len(target.boxes) for target in annotations)


def _do_once_more(found: _Found) -> Annotations | None:
    """Make the annotations of the edits, or return None if some are missing."""
    state = found.state
    if state.first != 1:
        return None
    annotations = Annotations()
    restore_makers(annotations, state)
    annotations.next_id = 1
    with contextlib.suppress(KeyError, EditError):
        for number in range(1, state.done + 1):
            _, _, _, by, kind, text, sealed = found.edits[number]
            changes = tuple(unseal_changes((number,), sealed))
            annotations.apply(Edit(kind, text, By(by), changes))
        return annotations
    return None


def _keep_edits(found: _Found) -> State:
    """Return the state with the edits around `done` that are there without a gap."""
    state, edits = found.state, found.edits
    first, last = state.done + 1, state.done
    while first - 1 in edits:
        first -= 1
    while first <= state.done and edits[first][1]:  # a run without its beginning
        first += 1
    while last + 1 in edits:
        last += 1
    return replace(state, first=first, last=last)


def _describe(name: str, was: State, kept: State) -> str:
    def say(noun: str, saved: int, total: int) -> str:
        return f"{saved} of {total} {noun}"

    return (
        f"{name} was damaged. Saved: "
        + ", ".join(
            (
                say("targets", kept.n_targets, was.n_targets),
                say("boxes", kept.n_boxes, was.n_boxes),
                say(
                    "edits that can be taken back or repeated",
                    kept.last - kept.first + 1,
                    was.last - was.first + 1,
                ),
            )
        )
        + "."
    )
