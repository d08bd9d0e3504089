"""Which packet of a video file holds which frame.

Frame numbers come from presentation times: the frames of a video are its displayed
packets in the order of those times, counted from 0. The index is made by reading the
packets alone; nothing is decoded. Where the times cannot be trusted (H.264 in AVI has
none, some files lie), it is made again from one pass over the decoded frames.

A packet is known by its place in the file, its *ordinal*. Decoders get the ordinal as
the packet's time stamp and hand it back with the frame, so a decoded frame always says
which packet it came from, whatever its real time stamp claims.

Reading all packets of a file means reading all of the file, which takes long for hours
of video. The header of an mp4 file lists its packets; FFmpeg gives that list except for
one column, the distance from decoding to presentation time, which is read here: the
table `ctts` (ISO/IEC 14496-12, 8.6.1.3), found at moov/trak/mdia/minf/stbl.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream

NO_TIME = np.iinfo(np.int64).min
"""Stands for a time stamp that the file does not give."""

_NO_FRAME = -1
_LARGEST_HEADER = 2**29  # bytes; hours of video need a few MB
_VP8_SHOW_FRAME = 0x10  # bit of the first byte; VP8 stores helper frames as packets


@dataclass(frozen=True, eq=False)
class PacketTable:
    """The packets of a video stream, in the order of the file."""

    pts: NDArray[np.int64]
    """Presentation times in ticks of the stream, `NO_TIME` where there is none."""
    dts: NDArray[np.int64]
    """Decoding times in ticks of the stream, `NO_TIME` where there is none."""
    position: NDArray[np.int64]
    """Where packets begin in the file, in bytes; 0 where that is not known."""
    size: NDArray[np.int64]
    """Bytes of each packet; with `position`, this tells packets apart."""
    is_key: NDArray[np.bool_]
    """Whether decoding can start here."""
    is_shown: NDArray[np.bool_]
    """False for packets that an edit list or the codec hides."""
    damage: str | None = None
    """Why reading ended early, or None."""

    def __len__(self) -> int:
        return len(self.pts)

    @cached_property
    def has_times(self) -> bool:
        """Whether each shown packet has a presentation time of its own."""
        times = self.pts[self.is_shown]
        return not (times == NO_TIME).any() and len(np.unique(times)) == len(times)

    def find(self, position: int | None) -> int | None:
        """Return the ordinal of the packet at a byte position, None if not just one."""
        if not position:
            return None
        found = np.flatnonzero(self.position == position)
        return int(found[0]) if len(found) == 1 else None

    @classmethod
    def from_header(
        cls,
        stream: VideoStream,
        packets: Iterable[Packet[VideoStream]],
        offsets: NDArray[np.int64] | None,
        file_size: int,
    ) -> PacketTable | None:
        """Make the table without reading the file, from what its header lists.

        Args:
            stream: whose list of packets FFmpeg has read from an mp4 header.
            packets: the first packets of the file, compared with the result.
            offsets: presentation minus decoding time of each packet, from
                `read_presentation_offsets`.
            file_size: in bytes; packets beyond it were cut off.

        Returns:
            None where the header does not tell, or tells something else than the
            packets do.
        """
        if offsets is None or not len(offsets) == len(stream.index_entries) > 0:
            return None
        columns = np.fromiter(
            (
                (e.timestamp, e.pos, e.size, e.is_keyframe, not e.is_discard)
                for e in stream.index_entries
            ),
            np.dtype((np.int64, 5)),
            count=len(offsets),
        )
        dts, position, size, is_key, is_shown = np.ascontiguousarray(columns.T)
        if (position + size).max() > file_size:
            return None
        first = cls.from_packets(packets)
        shift = first.pts[0] - dts[0] - offsets[0]
        table = cls(
            dts + offsets + shift,
            dts,
            position,
            size,
            is_key.astype(np.bool_),
            is_shown.astype(np.bool_),
        )
        return table if table._begins_with(first) else None

    def _begins_with(self, first: PacketTable) -> bool:
        return all(
            np.array_equal(getattr(self, name)[: len(first)], getattr(first, name))
            for name in ("pts", "dts", "position", "size", "is_key", "is_shown")
        )

    @classmethod
    def from_packets(cls, packets: Iterable[Packet[VideoStream]]) -> PacketTable:
        """Read all packets; an error in the file ends the table there.

        Args:
            packets: as `video_packets` gives them.
        """
        from av.error import FFmpegError

        pts, dts, position, size = array("q"), array("q"), array("q"), array("q")
        is_key, is_shown = bytearray(), bytearray()
        damage = None
        is_vp8: bool | None = None
        try:
            for packet in packets:
                if is_vp8 is None:
                    is_vp8 = packet.stream.codec_context.name == "vp8"
                pts.append(NO_TIME if packet.pts is None else packet.pts)
                dts.append(NO_TIME if packet.dts is None else packet.dts)
                position.append(packet.pos or 0)
                size.append(packet.size)
                is_key.append(packet.is_keyframe)
                hidden = is_vp8 and not memoryview(packet)[0] & _VP8_SHOW_FRAME
                is_shown.append(not (packet.is_discard or hidden))
        except FFmpegError as error:
            damage = error.strerror or str(error)
        return cls(
            np.array(pts, np.int64),
            np.array(dts, np.int64),
            np.array(position, np.int64),
            np.array(size, np.int64),
            np.frombuffer(is_key, np.bool_),
            np.frombuffer(is_shown, np.bool_),
            damage,
        )


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """Frame numbers of a video file, both ways."""

    packets: PacketTable
    packet_of: NDArray[np.int64]
    """Ordinal of the packet of each frame, in display order."""
    frame_of: NDArray[np.int64] = field(init=False)
    """Frame number of each packet, -1 for packets without a frame."""
    keys: NDArray[np.int64] = field(init=False)
    """Ordinals of the packets where decoding can start, ascending; 0 is always one."""
    first_frame_of_key: NDArray[np.int64] = field(init=False)
    """The first frame that can be relied on when decoding starts at each of `keys`.

    In an open group of pictures, frames that are shown before the keyframe come after
    it in the file and cannot be decoded from it; they are not counted.
    """

    def __post_init__(self) -> None:
        frame_of = np.full(len(self.packets), _NO_FRAME, np.int64)
        frame_of[self.packet_of] = np.arange(len(self.packet_of))
        keys = np.flatnonzero(self.packets.is_key)
        if not len(keys) or keys[0] != 0:
            keys = np.concatenate([[0], keys])
        # A key that is not shown itself starts at the next frame shown after it.
        first = frame_of[keys]
        for place in np.flatnonzero(first == _NO_FRAME):
            first[place] = self._first_after(int(keys[place]), frame_of)
        first[0] = 0  # nothing lies before the first packet to start from instead
        object.__setattr__(self, "frame_of", frame_of)
        object.__setattr__(self, "keys", keys)
        object.__setattr__(self, "first_frame_of_key", first)

    def __len__(self) -> int:
        return len(self.packet_of)

    @classmethod
    def from_times(cls, packets: PacketTable) -> VideoIndex:
        """Number the shown packets by their presentation times."""
        shown = np.flatnonzero(packets.is_shown)
        order = np.argsort(packets.pts[shown], kind="stable")
        return cls(packets, shown[order])

    def start_keys(self, frame: int) -> Iterator[int]:
        """Yield ordinals to start decoding from to get a frame, the nearest first.

        The second and later ones lie further and further back: a file may mark packets
        as keyframes that are none, or that need some frames to recover.
        """
        target = self.packet_of[frame]
        n_before = int(np.searchsorted(self.keys, target, "right"))
        usable = np.flatnonzero(self.first_frame_of_key[:n_before] <= frame)
        place = len(usable) - 1
        step = 1
        for _ in range(6):
            if place < 0:
                break
            yield int(self.keys[usable[place]])
            if place == 0:
                break
            place = max(0, place - step)
            step *= 2

    def _first_after(self, key: int, frame_of: NDArray[np.int64]) -> int:
        packets = self.packets
        if packets.has_times and packets.pts[key] != NO_TIME:
            times = packets.pts[self.packet_of]
            return int(np.searchsorted(times, packets.pts[key]))
        later = frame_of[key:]
        later = later[later != _NO_FRAME]
        return int(later.min()) if len(later) else len(self.packet_of)


def video_packets(
    packets: Iterable[Packet[VideoStream]],
) -> Iterator[Packet[VideoStream]]:
    """Leave out the empty packets with which PyAV marks the end of a stream."""
    return (packet for packet in packets if packet.size)


# --- the header of an mp4 file ---------------------------------------------------


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
