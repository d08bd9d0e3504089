"""Presentation offsets out of the header of an mp4 or mov file.

Reading all packets of a file means reading all of the file, which takes long for hours
of video. The header of an mp4 file lists its packets; FFmpeg gives that list except for
one column, the distance from decoding to presentation time, which is read here: the
table `ctts` (ISO/IEC 14496-12, 8.6.1.3), found at moov/trak/mdia/minf/stbl.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_presentation_offsets"]

_LARGEST_HEADER = 2**29  # bytes; hours of video need a few MB


def read_presentation_offsets(path: Path, track_id: int) -> NDArray[np.int64] | None:
    """Return the offset of each packet of a track in its ticks, in file order.

    Returns:
        None where the header does not tell: not an mp4 file, fragmented, damaged.
    """
    try:
        moov = _read_header(path)
        if moov is None:
            return None
        boxes = dict(_boxes(moov))
        if b"mvex" in boxes:  # fragmented: later parts of the file list more packets
            return None
        for kind, track in _boxes(moov):
            if kind == b"trak" and _track_id(track) == track_id:
                return _offsets(track)
    except (OSError, struct.error, KeyError, ValueError):
        pass
    return None


def _read_header(path: Path) -> memoryview | None:
    """Find the box `moov`, stepping over the others without reading them."""
    with path.open("rb") as stream:
        while (box := _next_box(stream)) is not None:
            kind, size = box
            if kind == b"moov" and size <= _LARGEST_HEADER:
                content = stream.read(size)
                return memoryview(content) if len(content) == size else None
            stream.seek(size, 1)
    return None


def _next_box(stream: BinaryIO) -> tuple[bytes, int] | None:
    """Return kind and content size of the box at the stream's position."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    size, kind = struct.unpack(">I4s", head)
    if size == 1:
        return kind, struct.unpack(">Q", stream.read(8))[0] - 16
    return (kind, size - 8) if size >= 8 else None  # 0: up to the end of the file


def _boxes(content: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield kind and content of each box inside of a box."""
    start = 0
    while start + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, start)
        if size < 8 or start + size > len(content):
            return
        yield kind, content[start + 8 : start + size]
        start += size


def _track_id(track: memoryview) -> int:
    header = dict(_boxes(track))[b"tkhd"]
    is_long = header[0] == 1  # version 1 has 64-bit times before the id
    return int(struct.unpack_from(">I", header, 20 if is_long else 12)[0])


def _offsets(track: memoryview) -> NDArray[np.int64]:
    media = dict(_boxes(dict(_boxes(track))[b"mdia"]))
    table = dict(_boxes(dict(_boxes(media[b"minf"]))[b"stbl"]))
    durations = _runs(table[b"stts"])
    n_packets = int(durations[:, 0].sum())
    if b"ctts" not in table:
        return np.zeros(n_packets, np.int64)
    runs = _runs(table[b"ctts"])
    offsets = runs[:, 1].astype(np.int32).astype(np.int64)  # negative ones exist
    if int(runs[:, 0].sum()) != n_packets:
        raise ValueError("the tables of the header contradict each other")
    return np.repeat(offsets, runs[:, 0])


def _runs(box: memoryview) -> NDArray[np.int64]:
    """Read a table of (count, value) pairs, shape (n, 2)."""
    (count,) = struct.unpack_from(">I", box, 4)
    pairs = np.frombuffer(box, ">u4", count=2 * count, offset=8)
    return pairs.reshape(-1, 2).astype(np.int64)
