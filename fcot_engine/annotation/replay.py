"""Journals of a project: a new one, and one to go on from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from fcot_engine.annotation.boxes import Makers
from fcot_engine.annotation.edit_text import decode_edit, encode_edit
from fcot_engine.annotation.edits import Edit
from fcot_engine.annotation.history import History, HistoryEntry, StoredEdit
from fcot_engine.annotation.journal import (
    Journal,
    JournalContents,
    Record,
    read_journal,
    sync_folder,
)
from fcot_engine.annotation.snapshot import Snapshot, from_bytes, to_bytes
from fcot_engine.annotation.targets import Annotations
from fcot_engine.errors import EditError, ProjectError

__all__ = [
    "begin_journal",
    "drop_journals",
    "drop_stale_journals",
    "find_generations",
    "journal_path",
    "resume_journal",
]

KEPT_HISTORY_BYTES = 64 * 2**20
"""Most that edits to undo may take in a new journal."""


def begin_journal(path: Path, snapshot: Snapshot, history: History) -> Journal:
    """Write the journal of a new generation, with the edits that can be undone.

    Raises:
        ProjectError: it cannot be written.
    """
    journal = Journal(journal_path(path, snapshot.generation))
    makers = history.annotations.makers
    try:
        header = {"project": snapshot.project_id, "generation": snapshot.generation}
        journal.append("header", to_bytes(header), durable=False)
        kept: list[bytes] = []
        n_bytes = 0
        for entry in reversed(history.past):
            kept.append(_encode(entry, makers))
            n_bytes += len(kept[-1])
            if n_bytes > KEPT_HISTORY_BYTES:
                break
        for payload in reversed(kept):
            journal.append("past", payload, durable=False)
        for entry in history.future:
            journal.append("future", _encode(entry, makers), durable=False)
        journal.sync()
    except BaseException:
        journal.close()
        raise
    sync_folder(path.parent)
    return journal


def resume_journal(
    path: Path, snapshot: Snapshot
) -> tuple[History, Journal, tuple[str, ...]]:
    """Repeat the journal on top of the snapshot and go on writing it.

    Returns:
        The history, the journal, and what had to be mended, in words.

    Raises:
        ProjectError: the journal belongs to another project or does not fit.
    """
    place = journal_path(path, snapshot.generation)
    if not place.is_file():
        history = History(snapshot.annotations)
        note = (
            f"The journal {place.name} is missing: edits since the last save "
            "and undo steps are not there."
        )
        return history, begin_journal(path, snapshot, history), (note,)
    contents = read_journal(place)
    records = contents.records
    if records and _header(records[0]) != (snapshot.project_id, snapshot.generation):
        raise ProjectError(
            f"{place.name} belongs to another project than {path.name}. Restore "
            "a copy of both."
        )
    if not records:
        history = History(snapshot.annotations)
        place.replace(place.with_name(place.name + ".damaged"))
        note = f"The journal {place.name} could not be read; a copy is kept."
        return history, begin_journal(path, snapshot, history), (note,)
    history = _replay(snapshot.annotations, records[1:])
    return history, Journal(place, contents=contents), _damage_notes(contents)


def _replay(annotations: Annotations, records: list[Record]) -> History:
    makers = annotations.makers
    stored: dict[str, list[StoredEdit]] = {"past": [], "future": []}
    decode = partial(_read_edit, makers=makers)
    live = []
    for record in records:
        if record.kind in stored:
            stored[record.kind].append(StoredEdit(record.payload, decode))
        else:
            live.append(record)
    history = History(annotations, past=stored["past"], future=stored["future"])
    try:
        for record in live:
            if record.kind == "do":
                history.do(_read_edit(record.payload, makers))
            elif record.kind == "extend":
                history.extend(_read_edit(record.payload, makers))
            elif record.kind == "undo":
                history.undo()
            elif record.kind == "redo":
                history.redo()
            else:
                raise ProjectError(
                    f"The journal has a record of an unknown kind, {record.kind!r}. "
                    "Update napari-fcot."
                )
    except EditError as error:
        raise ProjectError(
            f"The journal does not fit the project: {error} Restore a copy of both."
        ) from error
    return history


def _encode(entry: HistoryEntry, makers: Makers) -> bytes:
    if isinstance(entry, StoredEdit):
        return entry.payload
    return to_bytes(encode_edit(entry, makers))


def _read_edit(payload: bytes, makers: Makers) -> Edit:
    return decode_edit(from_bytes(payload), makers)


def _header(record: Record) -> tuple[str, int] | None:
    if record.kind != "header":
        return None
    header = from_bytes(record.payload)
    return str(header.get("project")), int(header.get("generation", 0))


def _damage_notes(contents: JournalContents) -> tuple[str, ...]:
    if not contents.lost_bytes:
        return ()
    note = (
        "The program was ended while it was saving; everything up to the last "
        "finished edit is there."
    )
    return (note,)


def journal_path(path: Path, generation: int) -> Path:
    """Return where a project's journal of some number lies."""
    stem = path.name.removesuffix(".json")
    return path.with_name(f"{stem}.{generation}.journal")


def find_generations(path: Path) -> set[int]:
    """Numbers of the journals that lie beside a project."""
    stem = path.name.removesuffix(".json")
    found = set()
    for file in path.parent.glob("*.journal"):
        number = file.name.removesuffix(".journal").removeprefix(f"{stem}.")
        if number.isdigit() and file == journal_path(path, int(number)):
            found.add(int(number))
    return found


def drop_journals(path: Path, generations: Iterable[int]) -> None:
    """Remove journals that are no longer needed."""
    for generation in generations:
        with contextlib.suppress(OSError):  # it is in nobody's way
            journal_path(path, generation).unlink(missing_ok=True)


def drop_stale_journals(path: Path, generation: int) -> tuple[str, ...]:
    """Remove what a crash while saving left behind.

    A later journal with edits of its own is no leftover: somebody put an older copy of
    the project file here. It is kept.

    Args:
        path: the project file.
        generation: the journal that belongs to it.

    Returns:
        What is odd, in words.
    """
    notes = []
    for other in find_generations(path) - {generation}:
        later = journal_path(path, other)
        if other > generation and _has_edits(later):
            notes.append(
                f"{later.name} has later edits than {path.name}: the project file is "
                "an older copy. Restore the newer one to get them back."
            )
        else:
            drop_journals(path, [other])
    return tuple(notes)


def _has_edits(path: Path) -> bool:
    kinds = {record.kind for record in read_journal(path).records}
    return not kinds <= {"header", "past", "future"}
