"""Playing frame by frame."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QWidget

from napari_fcot.layers.frame_player import FramePlayer


class Screen:
    """Shows frames; writes down which."""

    def __init__(self):
        self.frames = []
        self.refuses = False

    def go_to(self, frame_index):
        if self.refuses:
            return False
        self.frames.append(frame_index)
        return None


class Canvas(QWidget):
    """Is painted when told to; knows what it has painted."""

    def __init__(self):
        super().__init__()
        self.frame = None
        self.painted = []

    def go_to(self, frame_index):
        self.frame = frame_index
        self.update()

    def paintEvent(self, event):
        self.painted.append(self.frame)


@pytest.fixture
def screen():
    return Screen()


@pytest.fixture
def player(qapp, screen):
    player = FramePlayer(screen.go_to)
    player.set_video(6, 1000.0)
    yield player
    player.stop()


def finish(qtbot, player):
    qtbot.waitUntil(lambda: not player.is_playing)


class TestPlaying:
    def test_every_frame_once_and_stops_at_the_end(self, qtbot, player, screen):
        player.play(1)
        finish(qtbot, player)
        assert screen.frames == [2, 3, 4, 5]

    def test_backward(self, qtbot, player, screen):
        player.play(3, direction=-1)
        finish(qtbot, player)
        assert screen.frames == [2, 1, 0]

    @pytest.mark.parametrize(("start", "direction"), [(5, 1), (0, -1)])
    def test_at_the_end_it_begins_anew(self, qtbot, player, screen, start, direction):
        player.play(start, direction=direction)
        finish(qtbot, player)
        assert screen.frames == list(range(6))[::direction]

    def test_tells_when_it_plays(self, qtbot, player):
        states = []
        player.playing_changed.connect(states.append)
        player.play(3)
        finish(qtbot, player)
        assert states == [True, False]

    def test_without_a_video_nothing_plays(self, player):
        player.set_video(0, 25.0)
        player.play(0)
        assert not player.is_playing

    def test_same_button_stops_the_other_one_turns_round(self, qtbot, player):
        player.set_video(1000, 1000.0)
        player.toggle(500)
        player.toggle(500, direction=-1)
        assert (player.is_playing, player.direction) == (True, -1)
        player.toggle(500, direction=-1)
        assert not player.is_playing


class TestStopping:
    def test_another_frame_than_the_one_played_stops_it(self, qtbot, player, screen):
        player.set_video(1000, 1000.0)
        player.play(0)
        qtbot.waitUntil(lambda: len(screen.frames) > 3)
        player.notice_frame(screen.frames[-1])
        assert player.is_playing
        player.notice_frame(800)
        assert not player.is_playing

    def test_refused_frame_stops_it(self, qtbot, player, screen):
        screen.refuses = True
        player.play(0)
        finish(qtbot, player)
        assert screen.frames == []

    def test_new_video_stops_it(self, player):
        player.play(0)
        player.set_video(10, 25.0)
        assert not player.is_playing


class TestSpeed:
    @pytest.mark.parametrize(("asked", "given"), [(0.5, 0.5), (99, 4.0), (0, 0.25)])
    def test_is_kept_within_bounds(self, player, asked, given):
        player.set_speed(asked)
        assert player.speed == given

    @pytest.mark.parametrize(("speed", "wait_ms"), [(1.0, 40), (4.0, 10), (0.25, 160)])
    def test_decides_how_long_a_frame_stays(self, player, monkeypatch, speed, wait_ms):
        monkeypatch.setattr("time.perf_counter", lambda: 100.0)
        player.set_video(10, 25.0)
        player.set_speed(speed)
        player.play(0)
        player._advance()
        player._on_drawn()
        assert player._next_timer.interval() == wait_ms

    def test_what_was_late_is_not_caught_up_with(self, player, monkeypatch):
        clock = [100.0]
        monkeypatch.setattr("time.perf_counter", lambda: clock[0])
        player.set_video(10, 25.0)
        player.play(0)
        player._advance()
        clock[0] += 1.0  # drawing took as long as 25 frames
        player._on_drawn()
        assert player._next_timer.interval() == 0
        player._advance()
        player._on_drawn()
        assert player._next_timer.interval() == 40


class TestCanvas:
    @pytest.fixture
    def canvas(self, qtbot):
        canvas = Canvas()
        qtbot.addWidget(canvas)
        canvas.show()
        qtbot.waitExposed(canvas)
        return canvas

    @pytest.fixture
    def player(self, qtbot, canvas):
        player = FramePlayer(canvas.go_to, canvas=canvas)
        player.set_video(40, 1e6)
        yield player
        player.stop()

    def test_each_frame_is_painted_however_fast(self, qtbot, player, canvas):
        player.play(0)
        finish(qtbot, player)
        assert list(dict.fromkeys(canvas.painted[1:])) == list(range(1, 40))

    def test_hidden_canvas_does_not_hold_it_up_for_ever(self, qtbot, player, canvas):
        canvas.hide()
        player.set_video(3, 25.0)
        player.play(0)
        finish(qtbot, player)
        assert canvas.frame == 2

    def test_mouse_button_on_the_canvas_stops_it(self, qtbot, player, canvas):
        player.set_video(1000, 25.0)
        player.play(0)
        qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
        assert not player.is_playing
