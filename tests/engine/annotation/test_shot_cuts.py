from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation.shot_cuts import (
    FrameLook,
    ShotCuts,
    find_cuts,
    look_difference,
)
from fcot_engine.video import ArrayFrames

SIZE = (48, 64)


def textured(seed):
    """A smooth colourful picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3))
    return np.kron(coarse, np.ones((12, 13, 1)))[:48, :64].astype(np.uint8)


def pan(picture, n_frames, step):
    return [np.roll(picture, step * i, axis=1) for i in range(n_frames)]


def cuts_of(frames):
    cuts = ShotCuts(ArrayFrames(np.stack(frames)))
    return [index for index in range(len(frames)) if cuts.is_cut(index)]


class TestShotCuts:
    def test_cuts_of_three_short_shots(self):
        shots = [frame for seed in (1, 2, 3) for frame in pan(textured(seed), 6, 1)]
        assert cuts_of(shots) == [6, 12]

    def test_fast_pan_is_no_cut(self):
        assert cuts_of(pan(textured(1), 20, 13)) == []

    def test_noise_is_no_cut(self):
        rng = np.random.default_rng(0)
        frames = [
            np.clip(textured(1) + rng.normal(0, 20, (*SIZE, 3)), 0, 255).astype("u1")
            for _ in range(12)
        ]
        assert cuts_of(frames) == []

    def test_object_that_moves_is_no_cut(self):
        frames = []
        for index in range(15):
            frame = textured(1).copy()
            frame[10:30, 3 * index : 3 * index + 20] = 255
            frames.append(frame)
        assert cuts_of(frames) == []

    def test_slow_fade_is_no_cut(self):
        shares = np.linspace(0, 1, 25)[:, None, None, None]
        frames = (1 - shares) * textured(1) + shares * textured(2)
        assert cuts_of(list(frames.astype(np.uint8))) == []

    def test_cut_in_the_last_frame(self):
        assert cuts_of([*pan(textured(1), 8, 1), textured(2)]) == [8]

    def test_first_frame_and_frames_outside_are_no_cuts(self):
        cuts = ShotCuts(ArrayFrames(np.stack(pan(textured(1), 5, 1))))
        assert [cuts.is_cut(i) for i in (-1, 0, 5, 99)] == [False] * 4

    def test_known_cuts_are_those_that_were_asked_for(self):
        frames = pan(textured(1), 10, 1) + pan(textured(2), 10, 1)
        cuts = ShotCuts(ArrayFrames(np.stack(frames)))
        assert cuts.known() == [] and cuts.share_looked_at == 0
        for index in range(20):
            cuts.is_cut(index)
        assert cuts.known() == [10] and cuts.share_looked_at == 1


class TestLookDifference:
    def test_black_and_white_is_one(self):
        black, white = (np.full((*SIZE, 3), v, np.uint8) for v in (0, 255))
        assert look_difference(FrameLook.of(black), FrameLook.of(white)) == 1

    @pytest.mark.parametrize("shape", [(4, 4, 3), (5, 300, 3), (1080, 1920, 3)])
    def test_frames_of_any_size(self, shape):
        frame = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
        look = FrameLook.of(frame)
        assert np.isfinite(look.picture).all()
        np.testing.assert_allclose(look.colours.sum(axis=1), 1, rtol=1e-5)


def test_threshold_follows_the_differences_around():
    calm = np.full(9, 0.05)
    calm[4] = 0.4
    wild = np.full(9, 0.3)
    wild[4] = 0.4
    assert find_cuts(calm).tolist() == [4]
    assert find_cuts(wild).tolist() == []
