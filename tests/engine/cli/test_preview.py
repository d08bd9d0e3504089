from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import Annotations, Box, Origin, TargetInfo
from fcot_engine.cli.preview import choose_frames, draw_preview, write_preview
from fcot_engine.errors import ExportError, FrameError
from fcot_engine.video import ArrayFrames

YELLOW, GREEN, RED = (255, 213, 74), (57, 229, 140), (255, 90, 90)


@pytest.fixture
def source():
    return ArrayFrames(np.full((20, 160, 320, 3), 90, dtype=np.uint8))


def annotate(*boxes, others=()):
    annotations = Annotations()
    for target_id, some in enumerate((boxes, others), start=1):
        info = TargetInfo(target_id, f"cup {target_id}", "cup", "#123456")
        annotations.add(info).boxes.put_boxes(some)
    return annotations


def tracked(index, is_lost=False):
    return Box(index, (100, 60, 50, 40), Origin.TRACKED, 0.5, is_lost)


class TestChooseFrames:
    def test_both_ends_are_in(self):
        boxes = annotate(*(tracked(i) for i in range(5, 205)))
        chosen = choose_frames(boxes, 12)
        assert (chosen[0], chosen[-1], len(chosen)) == (5, 204, 12)
        assert max(np.diff(chosen)) - min(np.diff(chosen)) <= 1

    def test_few_frames_are_all_taken_once(self):
        assert choose_frames(annotate(tracked(3), tracked(8)), 12) == [3, 8]


class TestDrawPreview:
    @pytest.mark.parametrize(
        ("box", "color"),
        [
            pytest.param(Box(0, (100, 60, 50, 40), Origin.HUMAN), YELLOW, id="human"),
            pytest.param(tracked(0), GREEN, id="tracked"),
            pytest.param(tracked(0, is_lost=True), RED, id="lost"),
        ],
    )
    def test_outline_lies_on_the_border_of_the_box(self, source, box, color):
        pixels = np.asarray(draw_preview(source, annotate(box)))
        rows, columns = np.nonzero((pixels == color).all(axis=2))
        assert (columns.min(), columns.max()) == (100, 149)
        assert (rows.min(), rows.max()) == (60, 99)

    def test_all_targets_are_drawn(self, source):
        others = [Box(0, (10, 10, 20, 20), Origin.HUMAN)]
        pixels = np.asarray(draw_preview(source, annotate(tracked(0), others=others)))
        assert (pixels == GREEN).all(axis=2).any()
        assert (pixels == YELLOW).all(axis=2).any()

    def test_size_follows_the_number_of_tiles(self, source):
        boxes = annotate(*(tracked(i) for i in range(6)))
        assert draw_preview(source, boxes).size == (4 * 324 - 4, 2 * 164 - 4)

    def test_unreadable_frame_is_left_out(self, source, monkeypatch):
        read = source.read

        def read_most(index):
            if index == 1:
                raise FrameError("gone", frame_index=index)
            return read(index)

        monkeypatch.setattr(source, "read", read_most)
        boxes = annotate(tracked(0), tracked(1), tracked(2))
        assert draw_preview(source, boxes).size == (2 * 324 - 4, 160)

    def test_box_beyond_the_frame_is_drawn(self, source):
        box = Box(0, (-20, -20, 400, 0.5), Origin.TRACKED)
        assert draw_preview(source, annotate(box)).size == (320, 160)


class TestWritePreview:
    def test_folder_is_made(self, source, tmp_path):
        path = tmp_path / "a" / "b" / "preview.png"
        write_preview(path, source, annotate(tracked(0)))
        assert [p.name for p in path.parent.iterdir()] == ["preview.png"]

    def test_folder_that_cannot_be_made_is_an_own_error(self, source, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(ExportError, match="cannot be written"):
            write_preview(tmp_path / "file" / "p.png", source, annotate(tracked(0)))
