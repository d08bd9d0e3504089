"""Video files: mp4, mov, avi, mkv, webm and whatever else FFmpeg opens."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fcot_engine.errors import FrameError, VideoError
from fcot_engine.video._video_decoder import PacketReader, VideoDecoder
from fcot_engine.video._video_index import (
    PacketTable,
    VideoIndex,
    read_presentation_offsets,
)
from fcot_engine.video.frame_source import (
    DEFAULT_FRAME_RATE,
    number_name,
    require_package,
)

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

logger = logging.getLogger(__name__)

_COMPARED_PACKETS = 64  # of the file with its header
_CHECKED_FRAMES = 16  # more than any codec reorders
_REPAIR = "Copy or download it again, or re-encode it with FFmpeg."


class VideoFile:
    """The frames of a video file by number; a decoder for `BufferedFrames`.

    Frame numbers follow presentation times and are checked against what the first
    frames decode to; see `video._video_index`. Frames are turned upright when
    the file says how the camera was held. Pixels are taken as stored: a pixel aspect
    ratio other than 1 is not evened out, interlaced lines stay woven.

    Args:
        path: the file.

    Raises:
        VideoError: the file cannot be opened, holds no video or no frames.
    """

    def __init__(self, path: Path) -> None:
        require_package("av", distribution="av", purpose="Reading video files")
        from av.error import FFmpegError
        from av.video.reformatter import VideoReformatter

        self.name = path.stem
        self.damage: str | None = None
        """What is wrong with the file although frames can be read, or None."""
        self._reformatter = VideoReformatter()
        try:
            reader = PacketReader(path)
        except (FFmpegError, OSError, ValueError) as error:
            raise VideoError(
                f"{path.name} cannot be opened as a video: {_reason(error)}. {_REPAIR}"
            ) from error
        try:
            self._decoder = self._build(reader, path)
            first = self._first_frame(path)
        except BaseException:
            reader.close()
            raise
        self._stored_size = (first.width, first.height)
        self._quarter_turns = round(first.rotation / 90) % 4
        swapped = self._quarter_turns % 2 == 1
        self.width, self.height = self._stored_size[:: -1 if swapped else 1]
        self.frame_rate = _frame_rate(reader.stream, self._decoder.index)
        self.frame_times_s = _frame_times(reader.stream, self._decoder.index)
        """When each frame is shown, in seconds; None where the file does not say."""

    def __len__(self) -> int:
        return len(self._decoder.index)

    def decode(self, index: int) -> NDArray[np.uint8]:
        """Return frame `index` as upright RGB, shape (height, width, 3).

        Raises:
            FrameError: the frame cannot be decoded or has another size.
        """
        from av.error import FFmpegError

        try:
            frame = self._decoder.decode(index)
            return self._to_rgb(frame, index)
        except FFmpegError as error:
            raise FrameError(
                f"Frame {index} of {self.name} cannot be read: {_reason(error)}. "
                f"{_REPAIR}",
                frame_index=index,
            ) from error

    def file_name(self, index: int) -> str:
        """`000001.jpg` for frame 0, as exports name frames that have no file."""
        return number_name(index)

    def close(self) -> None:
        """Close the file."""
        self._decoder.close()

    def _build(self, reader: PacketReader, path: Path) -> VideoDecoder:
        table = _read_table(reader, path)
        if not table.is_shown.any():
            raise VideoError(
                f"{path.name} holds a video without a single frame. {_REPAIR}"
            )
        self._note_damage(path, table, reader.stream)
        decoder = VideoDecoder(reader, VideoIndex.from_times(table))
        checked = _checked_index(decoder, name=path.name)
        if checked is not None:
            decoder.renumber(checked)
        return decoder

    def _note_damage(self, path: Path, table: PacketTable, stream: VideoStream) -> None:
        promised = stream.frames
        # Only mp4 and its kin count their frames for certain when they were closed.
        is_mp4 = "mp4" in stream.container.format.name
        if table.damage is not None:
            what = f"cannot be read to its end ({table.damage})"
        elif is_mp4 and promised > len(table):
            what = f"ends after {len(table)} of {promised} frames"
        else:
            return
        self.damage = f"{path.name} {what}: it is damaged or was cut off. {_REPAIR}"
        logger.warning(self.damage)

    def _first_frame(self, path: Path) -> VideoFrame:
        try:
            first = self._decoder.decode(0)
        except FrameError as error:
            raise VideoError(
                f"No frame of {path.name} can be decoded: {error}"
            ) from error
        self._decoder.put_back(0, first)
        return first

    def _to_rgb(self, frame: VideoFrame, index: int) -> NDArray[np.uint8]:
        size = (frame.width, frame.height)
        if size != self._stored_size:
            was = "x".join(str(side) for side in self._stored_size)
            raise FrameError(
                f"Frame {index} of {self.name} has {size[0]}x{size[1]} pixels, while "
                f"the video began with {was}. Split it there or re-encode it to one "
                "size.",
                frame_index=index,
            )
        converted = self._reformatter.reformat(frame, format="rgb24")
        rgb = converted.to_ndarray().astype(np.uint8, copy=False)
        return np.ascontiguousarray(np.rot90(rgb, self._quarter_turns))


def _read_table(reader: PacketReader, path: Path) -> PacketTable:
    """List the packets, from the file's header where that can be relied on."""
    if "mp4" in reader.container.format.name:
        few = itertools.islice(reader.from_start(), _COMPARED_PACKETS)
        offsets = read_presentation_offsets(path, reader.stream.id)
        size = path.stat().st_size
        table = PacketTable.from_header(reader.stream, few, offsets, size)
        if table is not None:
            return table
    return PacketTable.from_packets(reader.from_start())


def _checked_index(decoder: VideoDecoder, *, name: str) -> VideoIndex | None:
    """Compare the index with the first decoded frames; return a better one, or None."""
    index = decoder.index
    order = decoder.peek_order(_CHECKED_FRAMES)
    if not order:
        raise VideoError(f"No frame of {name} can be decoded. {_REPAIR}")
    frames = index.frame_of[order]
    steps = np.diff(frames)
    # Damaged frames leave gaps, and the decoder complains; then the times are right.
    is_believable = bool((steps == 1).all()) or (
        decoder.had_errors and bool((steps > 0).all())
    )
    if index.packets.has_times and is_believable:
        if frames[0] == 0:
            return None
        # Cut out of a longer file: its first packets need others that were cut away.
        return VideoIndex(index.packets, index.packet_of[frames[0] :])
    logger.warning(
        "%s does not say when its frames are shown; all of it is decoded once to "
        "number them.",
        name,
    )
    return VideoIndex(index.packets, decoder.all_ordinals())


def _frame_rate(stream: VideoStream, index: VideoIndex) -> float:
    """Mean frames per second by the frames' own times, else by the header."""
    stated = float(stream.average_rate or 0)
    times = index.packets.pts[index.packet_of]
    measured = 0.0
    if len(times) > 1 and index.packets.has_times and stream.time_base is not None:
        span_s = float(int(times.max() - times.min()) * stream.time_base)
        measured = (len(times) - 1) / span_s if span_s > 0 else 0.0
    # Rounded time stamps make the measured rate a little wrong: 29.97 as 29.96.
    if measured and abs(stated - measured) > 0.02 * measured:
        return measured
    return stated or DEFAULT_FRAME_RATE


def _frame_times(stream: VideoStream, index: VideoIndex) -> NDArray[np.float64] | None:
    if not index.packets.has_times or stream.time_base is None:
        return None
    ticks = index.packets.pts[index.packet_of].astype(np.float64)
    return np.asarray(ticks * float(stream.time_base))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
