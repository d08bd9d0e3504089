"""A folder of images with a moving square, and a tracker that needs no weights."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fcot_engine.cli import main
from fcot_engine.errors import FrameError
from fcot_engine.tracker import Maker, MultiTracker, TrackResult, Verdict

N_FRAMES = 12


class SquareTracker:
    """Finds white pixels; can be told to fail, or to be interrupted, in a later frame.

    Frames are counted over all targets and sequences.
    """

    device_name = "CPU (fake)"
    maker = Maker("fcot 1.0", "tiny", "tiny.safetensors sha256:0123")
    memory_nbytes = 2**20

    def __init__(self) -> None:
        self.options: dict[str, object] = {}
        self.interrupt_at: int | None = None
        self.fail_at: int | None = None
        self.corrections = 0
        self._tracked = 0
        self._boxes = {}

    @property
    def target_ids(self):
        return tuple(self._boxes)

    def init(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        self._boxes[target_id] = tuple(box_xywh)
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)

    def correct(self, target_id, frame_rgb, box_xywh, *, not_boxes=()):
        self.corrections += 1
        self._boxes[target_id] = tuple(box_xywh)
        return TrackResult(tuple(box_xywh), 1.0, Verdict.GIVEN)

    def place(self, target_id, box_xywh):
        self._boxes[target_id] = tuple(box_xywh)

    def track(self, frame_rgb, target_ids=None):
        self._tracked += 1
        if self._tracked == self.interrupt_at:
            raise KeyboardInterrupt
        if self._tracked == self.fail_at:
            raise FrameError("Frame 5 cannot be decoded.", frame_index=5)
        wanted = self.target_ids if target_ids is None else target_ids
        return {target_id: self._find(target_id, frame_rgb) for target_id in wanted}

    def _find(self, target_id, frame_rgb):
        rows, columns = np.nonzero(frame_rgb.min(axis=2) > 250)
        if not len(rows):
            return TrackResult(self._boxes[target_id], 0.1, Verdict.LOST)
        x, y = float(columns.min()), float(rows.min())
        box = (x, y, columns.max() + 1.0 - x, rows.max() + 1.0 - y)
        self._boxes[target_id] = box
        return TrackResult(box, 0.75, Verdict.FOUND)


def write_images(folder, hidden=()):
    """A white 16 x 12 square that moves 4 px a frame; gray where it is hidden."""
    folder.mkdir(parents=True)
    for index in range(N_FRAMES):
        frame = np.full((64, 96, 3), 40, dtype=np.uint8)
        if index not in hidden:
            frame[20:32, 8 + 4 * index : 24 + 4 * index] = 255
        Image.fromarray(frame).save(folder / f"{index:04d}.png")
    return folder


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "square")


@pytest.fixture
def make_images():
    return write_images


@pytest.fixture
def fake_tracker(monkeypatch):
    """Takes the place of every tracker that a command makes."""
    tracker = SquareTracker()

    def from_preset(preset="lite", **options):
        tracker.options = {"preset": preset, **options}
        return tracker

    monkeypatch.setattr(MultiTracker, "from_preset", from_preset)
    return tracker


@pytest.fixture(scope="session")
def weights_file(tmp_path_factory):
    """Weights of an untrained network."""
    import torch

    from fcot_engine.model import LiteNet, save_network

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "untrained.safetensors"
    save_network(LiteNet(), path)
    return path


@pytest.fixture
def refused(capsys):
    """Run a command, expect it to fail, and return its one line on stderr."""

    def run(command, *words):
        assert main([command, *map(str, words)]) == 1
        shown = capsys.readouterr()
        assert not shown.out and "Traceback" not in shown.err
        line = shown.err.splitlines()[-1]
        assert line.startswith(f"fcot {command}: ")
        return line

    return run
