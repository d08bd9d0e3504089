"""Writing what was tracked, and saying where."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fcot_engine.cli.preview import write_preview
from fcot_engine.cli.tracking_job import Ending
from fcot_engine.errors import ExportError, FcotError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fcot_engine.annotation import AnnotationSession

PREVIEW_NAME = "preview.png"


def write_results(
    folder: Path, session: AnnotationSession, formats: Sequence[str]
) -> list[Path]:
    """Write the boxes and a preview picture; return the files.

    Raises:
        ExportError: something cannot be written. If it is the boxes, they are in
            another folder instead, which the message names.
    """
    from fcot_engine.formats import export_tracks

    boxes, source = session.annotations, session.source
    try:
        paths = list(export_tracks(folder, boxes, source, formats=formats))
    except ExportError as error:
        refuge = Path(tempfile.mkdtemp(prefix="fcot-"))
        export_tracks(refuge, boxes, source, formats=formats)
        raise ExportError(f"{error} The boxes are in {refuge} instead.") from error
    preview = folder / PREVIEW_NAME
    write_preview(preview, session.source, session.annotations)
    return [*paths, preview]


def prepare_folder(folder: Path) -> None:
    """Make the folder for results, so that a wrong one shows before the work starts.

    Raises:
        ExportError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"The folder {folder} cannot be made: {error.strerror or error}. "
            "Choose another one for --out."
        ) from error
    if not os.access(folder, os.W_OK):
        raise ExportError(
            f"The folder {folder} cannot be written to. Choose another one for --out."
        )


def report(
    session: AnnotationSession,
    ending: Ending,
    files: Sequence[Path],
    *,
    as_json: bool,
    facts: Mapping[str, Any] | None = None,
    words: Sequence[str] = (),
) -> int:
    """Say what was done and where it is; return the exit code.

    Args:
        session: with all boxes.
        ending: how it ended.
        files: what was written.
        as_json: for machines.
        facts: more for machines.
        words: more for people.

    Raises:
        FcotError: what stopped it; the results are written by then.
    """
    told = _summarise(session, ending, files) | dict(facts or {})
    if as_json:
        print_json(told)
    else:
        _tell_person(told)
        for line in words:
            print(line)
    return _finish(ending)


def _summarise(
    session: AnnotationSession, ending: Ending, files: Sequence[Path]
) -> dict[str, Any]:
    boxes = [box for target in session.annotations for box in target.boxes]
    frames = [box.frame_index for box in boxes]
    return {
        "video": session.source.name,
        "frames": len(session.source),
        "targets": len(session.annotations),
        "first_frame": min(frames),
        "last_frame": max(frames),
        "tracked": ending.n_tracked,
        "lost": sum(box.is_lost for box in boxes),
        "seconds": round(ending.seconds, 3),
        "frames_per_second": round(ending.frames_per_second, 2),
        "device": session.pool.device_name,
        "interrupted": ending.is_interrupted,
        "error": None if ending.error is None else str(ending.error),
        "files": [str(path) for path in files],
    }


def print_json(facts: Mapping[str, Any]) -> None:
    """Print facts for machines."""
    print(json.dumps(facts, indent=1))


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure in the format that the name ends in.

    Raises:
        ExportError: it cannot be written, or there is no such format.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except (OSError, ValueError) as error:  # ValueError: a suffix of no known kind
        raise ExportError(
            f"{path} cannot be drawn: {error}. Choose a folder that you may write to, "
            "and a name that ends in .svg, .png or .pdf."
        ) from error


def _tell_person(facts: Mapping[str, Any]) -> None:
    n_targets = facts["targets"]
    who = "target" if n_targets == 1 else f"one of {n_targets} targets"
    lost = f"{who} lost in {facts['lost']}" if facts["lost"] else "never lost"
    print(
        f"{facts['tracked']} frames tracked at {facts['frames_per_second']:.1f} "
        f"frames/s on {facts['device']}; {lost}."
    )
    for path in facts["files"]:
        print(f"Written: {path}")


def _finish(ending: Ending) -> int:
    """Return the exit code; say on stderr why tracking ended early, if it did.

    Raises:
        FcotError: what stopped it; the results are written by then.
    """
    if ending.error is not None:
        raise FcotError(
            f"Stopped after {ending.n_tracked} frames, which are kept. {ending.error}"
        ) from ending.error
    if ending.is_interrupted:
        print(
            f"Interrupted after {ending.n_tracked} frames, which are kept.",
            file=sys.stderr,
        )
        return 130
    return 0
