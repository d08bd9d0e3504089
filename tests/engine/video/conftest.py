"""Small videos for the tests of `fcot_engine.video`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

WIDTH, HEIGHT = 64, 48


def gray_frame(number: int) -> np.ndarray:
    """Flat gray that tells its number after compression, up to 40 of them."""
    return np.full((HEIGHT, WIDTH, 3), 20 + 5 * (number % 40), np.uint8)


@pytest.fixture
def number_of():
    """Read the number back from a frame that `gray_frame` made."""
    return lambda frame: round((float(frame.mean()) - 20) / 5)


@pytest.fixture
def make_video():
    """Return a function that encodes numbered gray frames into a file."""
    av = pytest.importorskip("av")

    def make(
        path: Path,
        *,
        n_frames: int = 20,
        codec: str = "libx264",
        options: dict[str, str] | None = None,
        frames: list[np.ndarray] | None = None,
        pix_fmt: str = "yuv420p",
    ) -> Path:
        frames = frames or [gray_frame(number) for number in range(n_frames)]
        if options is None and codec == "libx264":
            options = {"preset": "ultrafast", "g": "8", "bf": "2"}
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=25, options=options or {})
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = pix_fmt
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
                frame.pts = number
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make


class FakeDecoder:
    """40 frames of 8x6 pixels that hold their number; counts what is decoded."""

    name, width, height, frame_rate = "fake", 8, 6, 25.0

    def __init__(self, n_frames: int = 40) -> None:
        self.n_frames = n_frames
        self.decoded: list[int] = []
        self.is_closed = False

    def __len__(self) -> int:
        return self.n_frames

    def decode(self, index: int) -> np.ndarray:
        assert not self.is_closed
        self.decoded.append(index)
        return np.full((self.height, self.width, 3), index % 251, np.uint8)

    def file_name(self, index: int) -> str:
        return f"{index + 1:06d}.jpg"

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def decoder():
    return FakeDecoder()
