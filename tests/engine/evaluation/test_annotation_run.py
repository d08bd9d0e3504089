from __future__ import annotations

import pytest

from fcot_engine.errors import ConfigError
from fcot_engine.evaluation import ALL_MODES, choose_modes, run_annotator


class TestRunAnnotator:
    def test_every_sequence_in_every_mode(self, root, perfect):
        told, done = [], []
        found = run_annotator(
            root,
            perfect,
            on_frame=lambda *place: told.append(place),
            on_sequence=done.append,
        )
        assert [s.name for s in found] == ["fast", "slow"]
        assert tuple(done) == found
        assert {place[1] for place in told} == {"worklist", "in-order", "restart"}
        for sequence in found:
            assert [o.mode for o in sequence.outcomes] == list(ALL_MODES)
            boxes = [o.boxes["C"] for o in sequence.outcomes]
            assert boxes == [1, 1, 1, 2]

    def test_still_box_needs_redrawing(self, root, still):
        # 2 px a frame on 20 px: below 0.7 two frames from a drawn one, and fusing may
        # spread what is missed over both
        (found,) = run_annotator(root, still, ["slow"], modes=["in-order", "restart"])
        for outcome in found.outcomes:
            assert outcome.n_boxes == 2 and "C" not in outcome.boxes

    def test_first_frames_alone(self, root, perfect):
        (found,) = run_annotator(
            root, perfect, ["slow"], modes=["linear"], max_frames=3
        )
        assert found.n_frames == 3


class TestChooseModes:
    def test_all_and_others_each_once(self):
        assert choose_modes(["worst", "all", "linear"]) == ("worst", *ALL_MODES)

    def test_unknown_mode_is_refused(self):
        with pytest.raises(ConfigError, match="choose from all, worklist"):
            choose_modes(["worklist", "magic"])
