"""Frames in memory to measure speed on, and how long reading them took."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.geometry import BoxXywh, fit_drawn_box
from fcot_engine.video import open_frames

SAMPLE_WH = (640, 360)

_MOST_BYTES = 2**30
"""Of frames that are held in memory."""


@dataclass(frozen=True)
class Timings:
    """How long each of some equal steps took."""

    seconds: tuple[float, ...]

    @property
    def mean_s(self) -> float:
        """Mean of all steps."""
        return float(np.mean(self.seconds))

    def to_facts(self) -> dict[str, float]:
        """Return all figures by name; times in milliseconds."""
        return {
            "steps": len(self.seconds),
            "frames_per_s": round(1 / self.mean_s, 3),
            "mean_ms": round(self.mean_s * 1e3, 3),
            "median_ms": round(self.percentile_ms(50), 3),
            "p95_ms": round(self.percentile_ms(95), 3),
            "p99_ms": round(self.percentile_ms(99), 3),
        }

    def percentile_ms(self, percent: float) -> float:
        """So long at most took this share of the steps."""
        return float(np.percentile(self.seconds, percent)) * 1e3


@dataclass(frozen=True, eq=False)  # arrays do not compare to one bool
class Clip:
    """Frames in memory with a target in the first one; run back and forth."""

    name: str
    frames: Sequence[NDArray[np.uint8]]
    """RGB, shape (height, width, 3) each."""
    box_xywh: BoxXywh
    """The target in the first frame, image pixels."""
    decode: Timings | None = None
    """Reading the frames of a video file in order; None if they came from none."""

    def at(self, number: int) -> NDArray[np.uint8]:
        """Frame `number` of an endless walk to the end, back, and so on."""
        last = len(self.frames) - 1
        place = number % (2 * last) if last else 0
        return self.frames[min(place, 2 * last - place)]

    def to_facts(self) -> dict[str, Any]:
        """Name, size and reading, for machines."""
        height, width = self.frames[0].shape[:2]
        return {
            "name": self.name,
            "width": width,
            "height": height,
            "frames": len(self.frames),
            "decode": None if self.decode is None else self.decode.to_facts(),
        }


def read_clip(path: Path, box_xywh: BoxXywh, n_frames: int) -> Clip:
    """Read the first frames of a video, no more than 1 GiB of them.

    Raises:
        VideoError: it cannot be opened.
        FrameError: a frame cannot be decoded.
        BoxError: the box is not in the first frame.
    """
    source = open_frames(path, prefetch=False)
    try:
        frame_bytes = source.width * source.height * 3
        count = min(n_frames, len(source), max(_MOST_BYTES // frame_bytes, 2))
        box = fit_drawn_box(box_xywh, width=source.width, height=source.height)
        frames, seconds = [], []
        for index in range(count):
            start = time.perf_counter()
            frames.append(source.read(index))
            seconds.append(time.perf_counter() - start)
        return Clip(source.name, frames, box, Timings(tuple(seconds)))
    finally:
        source.close()


def make_sample_clip(n_frames: int, size_wh: tuple[int, int] = SAMPLE_WH) -> Clip:
    """Scale the first frames of the sample video; `decode` is of an H.264 file of them.

    Raises:
        FcotError: scikit-image is not installed.
    """
    from fcot_engine.sample import make_sample_video

    sample = make_sample_video()
    width, height = size_wh
    ratio = np.array([width / sample.frames.shape[2], height / sample.frames.shape[1]])
    pixels = torch.from_numpy(sample.frames[:n_frames]).permute(0, 3, 1, 2)
    scaled = torch.nn.functional.interpolate(pixels, (height, width), mode="bilinear")
    frames = list(scaled.permute(0, 2, 3, 1).contiguous().numpy())
    x, y, w, h = (sample.boxes_xywh[0] * np.tile(ratio, 2)).tolist()
    clip = Clip(sample.name, frames, (x, y, w, h))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.mp4"
        _write_video(path, frames)
        return replace(clip, decode=read_clip(path, clip.box_xywh, n_frames).decode)


def _write_video(path: Path, frames: Sequence[NDArray[np.uint8]]) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "fast"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())
