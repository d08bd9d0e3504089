"""Exact random access to the frames of one video stream."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FrameError, VideoError
from fcot_engine.video._video_index import (
    NO_TIME,
    PacketTable,
    VideoIndex,
    video_packets,
)

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

# Threads decode several frames at once, at the price of as many frames decoded in vain
# after a jump; four is where more threads stop helping at 1080p.
_MAX_THREADS = 4

_MAX_UNPLACED = 300  # packets looked at after a seek to find out where it led


class _LostPlaceError(Exception):
    """The packets of the file do not follow each other as in the index."""


class PacketReader:
    """Packets of the video stream of a file, from a chosen one on."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        self._can_seek = True
        self.container, self.stream = self._open()

    def _open(self) -> tuple[InputContainer, VideoStream]:
        import av

        container = av.open(str(self._path), "r", metadata_errors="replace")
        try:
            stream = _choose_stream(container, self._path)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = _MAX_THREADS
        except BaseException:
            container.close()
            raise
        return container, stream

    def from_start(self) -> Iterator[Packet[VideoStream]]:
        """Open the file again and yield its packets from the first on."""
        self.container.close()
        self.container, self.stream = self._open()
        return video_packets(self.container.demux(self.stream))

    def from_key(
        self, table: PacketTable, key: int
    ) -> Iterator[tuple[int, Packet[VideoStream]]]:
        """Yield packets with their ordinals, beginning with packet `key`.

        Seeking is only trusted as far as it lands on a packet of the table that does
        not lie behind `key`; otherwise the file is read from its start.
        """
        found = self._seek(table, key) if key and self._can_seek else None
        first, packets = found or (0, self.from_start())
        for ordinal, packet in enumerate(packets, first):
            # A file may also grow or change after it was opened.
            if ordinal >= len(table) or packet.size != table.size[ordinal]:
                self._can_seek = False
                raise _LostPlaceError
            if ordinal >= key:
                yield ordinal, packet

    def _seek(
        self, table: PacketTable, key: int
    ) -> tuple[int, Iterator[Packet[VideoStream]]] | None:
        """Go to a packet at or before `key`; None where that cannot be done."""
        from av.error import FFmpegError

        for time in _seek_times(table, key):
            try:
                self.container.seek(time, stream=self.stream, backward=True)
                packets = video_packets(self.container.demux(self.stream))
                # In MPEG program streams only some packets know where they are.
                for packet in itertools.islice(packets, _MAX_UNPLACED):
                    landed = table.find(packet.pos)
                    if landed is not None:
                        break
                else:
                    continue
            except FFmpegError:
                return None
            if landed <= key:
                return landed, itertools.chain([packet], packets)
        return None

    def close(self) -> None:
        """Close the file."""
        self.container.close()


class VideoDecoder:
    """Decodes frames by number, going on from where it is when that is nearer.

    Args:
        reader: the packets.
        index: which packet holds which frame.
    """

    def __init__(self, reader: PacketReader, index: VideoIndex) -> None:
        self._reader = reader
        self.index = index
        self._decoded: Iterator[tuple[int, VideoFrame]] = iter(())
        self._ready: deque[tuple[int, VideoFrame]] = deque()
        self._fed = -1  # ordinal of the last packet given to the decoder
        self._next_frame = len(index)  # nothing lies ahead before the first start
        self._last_error = ""

    @property
    def had_errors(self) -> bool:
        """Whether the decoder complained about the file so far."""
        return bool(self._last_error)

    def decode(self, frame: int) -> VideoFrame:
        """Return one frame, decoded.

        Raises:
            FrameError: the frame cannot be decoded from any keyframe near it.
        """
        try:
            try:
                found = self._find(frame)
            except _LostPlaceError:  # seeking failed: once more from the start
                found = self._find(frame)
        except _LostPlaceError as error:
            raise FrameError(
                f"Frame {frame} of {self._reader.name} cannot be decoded: the file has "
                "changed since it was opened. Open it again.",
                frame_index=frame,
            ) from error
        if found is None:
            raise FrameError(self._describe_missing(frame), frame_index=frame)
        return found

    def _find(self, frame: int) -> VideoFrame | None:
        starts = self.index.start_keys(frame)
        nearest = next(starts)
        if self._next_frame <= frame and nearest <= self._fed:
            found = self._go_on_to(frame)
            if found is not None:
                return found
        found = None
        for key in itertools.chain([nearest], starts):
            self._start_at(key)
            found = self._go_on_to(frame) or found
            if found is not None and not found.is_corrupt:
                break
        return found

    def peek_order(self, count: int) -> list[int]:
        """Decode from the start and return the ordinals of the first `count` frames.

        The frames stay ready, so reading them next costs nothing more.
        """
        self._start_at(0)
        for ordinal, frame in self._decoded:
            self._ready.append((ordinal, frame))
            if len(self._ready) >= count:
                break
        return [ordinal for ordinal, _ in self._ready]

    def all_ordinals(self) -> NDArray[np.int64]:
        """Decode the whole file and return the ordinals in display order."""
        self._start_at(0)
        return np.fromiter((ordinal for ordinal, _ in self._decoded), np.int64)

    def renumber(self, index: VideoIndex) -> None:
        """Go on with another index of the same packets; ready frames stay ready."""
        self.index = index

    def put_back(self, number: int, frame: VideoFrame) -> None:
        """Hand a frame that was just decoded back, to be the next one again."""
        self._ready.appendleft((int(self.index.packet_of[number]), frame))
        self._next_frame = number

    def close(self) -> None:
        """Drop what is decoded and close the file."""
        self._decoded = iter(())
        self._ready.clear()
        self._reader.close()

    def _start_at(self, key: int) -> None:
        self._ready.clear()
        self._decoded = self._decode_from(key)
        self._fed = key - 1
        self._next_frame = 0  # the first frame that comes tells more

    def _go_on_to(self, frame: int) -> VideoFrame | None:
        """Decode forward up to a frame; None if it is passed without having come."""
        frame_of = self.index.frame_of
        while (
            item := self._ready.popleft() if self._ready else next(self._decoded, None)
        ):
            ordinal, decoded = item
            number = int(frame_of[ordinal])
            if number > frame:
                self._ready.appendleft(item)
                self._next_frame = number
                return None
            if number == frame:
                self._next_frame = frame + 1
                return decoded
        self._next_frame = len(self.index)
        return None

    def _decode_from(self, key: int) -> Iterator[tuple[int, VideoFrame]]:
        from av.error import FFmpegError

        packets = self._reader.from_key(self.index.packets, key)
        try:
            for ordinal, packet in packets:
                packet.pts = packet.dts = ordinal
                self._fed = ordinal
                yield from self._frames_of(packet)
        except FFmpegError as error:  # the file is damaged from here on
            self._last_error = error.strerror or str(error)
        yield from self._frames_of(None)  # what the decoder still holds

    def _frames_of(
        self, packet: Packet[VideoStream] | None
    ) -> Iterator[tuple[int, VideoFrame]]:
        from av.error import FFmpegError

        try:
            frames = self._reader.stream.codec_context.decode(packet)
        except FFmpegError as error:
            # One bad packet; the frames after it may be good again.
            self._last_error = error.strerror or str(error)
            return
        for frame in frames:
            if frame.pts is not None and 0 <= frame.pts < len(self.index.packets):
                yield frame.pts, frame

    def _describe_missing(self, frame: int) -> str:
        reason = f": {self._last_error}" if self._last_error else ""
        return (
            f"Frame {frame} of {self._reader.name} cannot be decoded{reason}. The file "
            "is damaged there or was cut off; frames before it can still be read. Copy "
            "the file again, re-encode it, or stop before that frame."
        )


def _choose_stream(container: InputContainer, path: Path) -> VideoStream:
    from av.stream import Disposition

    if container.format.name == "tty":  # FFmpeg would paint plain text as a video
        raise VideoError(f"{path.name} is a text file; a video file was expected.")
    videos = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic  # an album cover
    ]
    if not videos:
        kinds = ", ".join(sorted({stream.type for stream in container.streams}))
        only = f", only {kinds}" if kinds else ""
        raise VideoError(
            f"{path.name} holds no video{only}. Choose a file with moving pictures."
        )
    best = container.streams.best("video")
    return best if best in videos else videos[0]


def _seek_times(table: PacketTable, key: int) -> Iterator[int]:
    """Times to seek to for a keyframe, each earlier than the one before."""
    earlier = np.flatnonzero(table.is_key[:key])[::-1]
    for times, ordinals in (
        (table.pts, [key]),
        (table.dts, [key]),
        (table.pts, earlier[[k for k in (0, 2, 6) if k < len(earlier)]]),
    ):
        yield from (int(times[i]) for i in ordinals if times[i] != NO_TIME)
