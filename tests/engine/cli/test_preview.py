from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.cli.preview import choose_frames, draw_preview, write_preview
from fcot_engine.errors import ExportError, FrameError
from fcot_engine.session import BoxOrigin, Track, TrackBox
from fcot_engine.video import ArrayFrames

YELLOW, GREEN, RED = (255, 213, 74), (57, 229, 140), (255, 90, 90)


@pytest.fixture
def source():
    return ArrayFrames(np.full((20, 160, 320, 3), 90, dtype=np.uint8))


def make_track(*boxes):
    track = Track(1)
    for box in boxes:
        track.put(box)
    return track


def tracked(index, is_lost=False):
    return TrackBox(index, (100, 60, 50, 40), BoxOrigin.TRACKED, 0.5, is_lost)


class TestChooseFrames:
    def test_both_ends_are_in(self):
        track = make_track(*(tracked(i) for i in range(5, 205)))
        chosen = choose_frames(track, 12)
        assert (chosen[0], chosen[-1], len(chosen)) == (5, 204, 12)
        assert max(np.diff(chosen)) - min(np.diff(chosen)) <= 1

    def test_few_frames_are_all_taken_once(self):
        assert choose_frames(make_track(tracked(3), tracked(8)), 12) == [3, 8]


class TestDrawPreview:
    @pytest.mark.parametrize(
        ("box", "color"),
        [
            pytest.param(
                TrackBox(0, (100, 60, 50, 40), BoxOrigin.HUMAN), YELLOW, id="human"
            ),
            pytest.param(tracked(0), GREEN, id="tracked"),
            pytest.param(tracked(0, is_lost=True), RED, id="lost"),
        ],
    )
    def test_outline_lies_on_the_border_of_the_box(self, source, box, color):
        pixels = np.asarray(draw_preview(source, make_track(box)))
        rows, columns = np.nonzero((pixels == color).all(axis=2))
        assert (columns.min(), columns.max()) == (100, 149)
        assert (rows.min(), rows.max()) == (60, 99)

    def test_size_follows_the_number_of_tiles(self, source):
        track = make_track(*(tracked(i) for i in range(6)))
        assert draw_preview(source, track).size == (4 * 324 - 4, 2 * 164 - 4)

    def test_unreadable_frame_is_left_out(self, source, monkeypatch):
        read = source.read

        def read_most(index):
            if index == 1:
                raise FrameError("gone", frame_index=index)
            return read(index)

        monkeypatch.setattr(source, "read", read_most)
        track = make_track(tracked(0), tracked(1), tracked(2))
        assert draw_preview(source, track).size == (2 * 324 - 4, 160)

    def test_box_beyond_the_frame_is_drawn(self, source):
        box = TrackBox(0, (-20, -20, 400, 0.5), BoxOrigin.TRACKED)
        assert draw_preview(source, make_track(box)).size == (320, 160)


class TestWritePreview:
    def test_folder_is_made(self, source, tmp_path):
        path = tmp_path / "a" / "b" / "preview.png"
        write_preview(path, source, make_track(tracked(0)))
        assert [p.name for p in path.parent.iterdir()] == ["preview.png"]

    def test_folder_that_cannot_be_made_is_an_own_error(self, source, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(ExportError, match="cannot be written"):
            write_preview(tmp_path / "file" / "p.png", source, make_track(tracked(0)))
