"""A small video and its annotations for the tests of `fcot_engine.formats`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from fcot_engine.annotation import (
    Annotations,
    Box,
    Maker,
    Origin,
    Span,
    TargetInfo,
)

LITE = Maker("fcot 0.1.0", "lite", "lite.safetensors sha256:0123456789ab")


@dataclass
class FakeSource:
    """A video of 8x6 pixels that nobody looks at."""

    name: str = "fake"
    width: int = 8
    height: int = 6
    frame_rate: float = 25.0
    n_frames: int = 40
    file_names: str = "{number:06d}.jpg"

    def __len__(self):
        return self.n_frames

    def file_name(self, index):
        return self.file_names.format(number=index + 1, index=index)


@pytest.fixture
def source():
    return FakeSource()


@pytest.fixture(scope="session")
def make_source():
    return FakeSource


@pytest.fixture
def annotations():
    """Two targets of two classes with a gap, a lost frame and odd coordinates."""
    annotations = Annotations()
    gull = annotations.add(TargetInfo(1, "gull 1", "gull"))
    seal = annotations.add(TargetInfo(2, "seal 2", "seal"))
    annotations.add(TargetInfo(3, "nowhere"))
    box = (1.25, 0.5, 3.3333, 2.0)
    gull.boxes.put_boxes(
        [
            Box(0, (0.0, 0.0, 8.0, 6.0), Origin.HUMAN),
            Box(1, box, Origin.TRACKED, 0.75, maker=LITE),
            Box(2, box, Origin.TRACKED, 0.1, is_lost=True, maker=LITE),
        ]
    )
    seal.boxes.put_box(Box(1, (4.0, 1.0, 2.0, 2.5), Origin.CORRECTED))
    seal.boxes.put_box(Box(9, (5.0, 1.0, 2.0, 2.5), Origin.TRACKED, 0.5))
    return annotations


@pytest.fixture
def mark():
    """Return a function that says more of a target."""

    def mark(target, *spans, **changes):
        info = replace(target.info, **changes)
        target.info = replace(info, spans=tuple(Span(*span) for span in spans))

    return mark
