"""What all export formats need to know about a track store."""

from __future__ import annotations

import re
import unicodedata

from fcot_engine.errors import ExportError
from fcot_engine.session import Track, TrackBox, TrackStore
from fcot_engine.video import FrameSource

__all__ = ["class_names", "class_number", "class_of", "rows_by_frame", "safe_name"]

_LONGEST_NAME = 80


def rows_by_frame(
    store: TrackStore, source: FrameSource
) -> list[tuple[TrackBox, Track]]:
    """Return all boxes with their tracks, by frame and then by track id.

    Raises:
        ExportError: there are no boxes, or one lies behind the end of the video.
    """
    rows = [(box, track) for track in store for box in track]
    rows.sort(key=lambda row: (row[0].frame_index, row[1].track_id))
    if not rows:
        raise ExportError("There are no boxes to export. Draw or track one first.")
    last, track = rows[-1]
    if last.frame_index >= len(source):
        raise ExportError(
            f"Track {track.track_id} has a box in frame {last.frame_index}, but "
            f"{source.name} has only {len(source)} frames. Export the tracks with the "
            "video they were made on."
        )
    return rows


def class_names(store: TrackStore) -> list[str]:
    """Class names in the order of first use; a class's number is its place + 1."""
    return list(dict.fromkeys(class_of(track) for track in store))


def class_number(track: Track, names: list[str]) -> int:
    """Number of a track's class, 1 for the first name."""
    return names.index(class_of(track)) + 1


def safe_name(name: str) -> str:
    """Turn a name into one that works as a file name and in an ini file anywhere.

    Example:
        >>> safe_name("Möwe 3 (Kopie)"), safe_name("../..")
        ('Mowe_3_Kopie', 'video')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    joined = re.sub(r"[^A-Za-z0-9._-]+", "_", plain)
    return joined[:_LONGEST_NAME].strip("._-") or "video"


def class_of(track: Track) -> str:
    r"""A track's class in one line of characters that every format can write.

    Example:
        >>> class_of(Track(1, " sea\tgull\x00 ")), class_of(Track(1, ""))
        ('sea gull', 'object')
    """
    words = " ".join(track.label.split())
    return "".join(c for c in words if c.isprintable()).strip() or "object"
