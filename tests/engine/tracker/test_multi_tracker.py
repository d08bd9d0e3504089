from __future__ import annotations

import copy
import math
import multiprocessing

import numpy as np
import pytest
import torch

from fcot_engine.errors import BoxError, TrackerStateError
from fcot_engine.tracker import MultiTracker, Tracker, Verdict
from fcot_engine.tracker._second_thread import SecondThread

SIZE = (320, 240)
STARTS = [
    (20.0 + 75 * (n % 4), 40.0 + 100 * (n // 4), 26.0 + 3 * n, 34.0 - 2 * n)
    for n in range(8)
]


def boxes_at(index):
    """Eight boxes that move on circles of their own."""
    return [
        (
            x + 8 * math.sin(index / 5 + n),
            y + 8 * math.cos(index / 6 + n),
            w * (1 + 0.01 * index),
            h,
        )
        for n, (x, y, w, h) in enumerate(STARTS)
    ]


@pytest.fixture(scope="module")
def clip(paint):
    """Twelve frames with eight textured boxes."""

    def frame(index):
        image = paint(None, width=SIZE[0], height=SIZE[1])
        for box in boxes_at(index):
            part = paint(box, width=SIZE[0], height=SIZE[1])
            x, y, w, h = box
            inside = np.s_[int(y) : math.ceil(y + h), int(x) : math.ceil(x + w)]
            image[inside] = part[inside]
        return image

    return [frame(index) for index in range(12)]


@pytest.fixture
def make_multi(lite_network, quick_config):
    def make(**options):
        return MultiTracker(lite_network, quick_config, device="cpu", **options)

    return make


class TestManyTargets:
    def test_three_together_equal_three_alone_in_one_pass_a_frame(
        self, make_multi, clip, monkeypatch
    ):
        together, alone = make_multi(), make_multi()
        passes, encode = [], together._network.encode
        for n, box in enumerate(boxes_at(0)[:3]):
            together.init(n, clip[0], box)
            alone.init(n, clip[0], box)

        def count(images):
            passes.append(len(images))
            return encode(images)

        for frame in clip[1:4]:
            single = [alone.track(frame, [n])[n] for n in range(3)]
            with monkeypatch.context() as patch:
                patch.setattr(together._network, "encode", count)
                found = together.track(frame)
            for n in range(3):
                assert found[n].box_xywh == pytest.approx(single[n].box_xywh, abs=1e-3)
                assert found[n].verdict is single[n].verdict
        # one pass a frame, on a CPU with two cores in two halves side by side
        assert sum(passes) == 9 and len(passes) <= 6

    def test_one_does_not_depend_on_another(self, make_multi, clip):
        first, second = boxes_at(0)[:2]
        with_both, with_one = make_multi(), make_multi()
        with_both.init("second", clip[0], second)
        for tracker in (with_both, with_one):
            tracker.init("first", clip[0], first)
        for frame in clip[1:4]:
            both = with_both.track(frame)["first"].box_xywh
            assert both == pytest.approx(
                with_one.track(frame)["first"].box_xywh, abs=1e-4
            )

    def test_answers_come_in_the_order_of_the_starts(self, make_multi, clip):
        tracker = make_multi()
        for name, box in zip("cab", boxes_at(0)[:3], strict=True):
            tracker.init(name, clip[0], box)
        assert tracker.target_ids == ("c", "a", "b")
        assert list(tracker.track(clip[1])) == ["c", "a", "b"]

    def test_chosen_targets_alone_are_moved(self, make_multi, clip):
        tracker = make_multi()
        for n in range(2):
            tracker.init(n, clip[0], boxes_at(0)[n])
        assert list(tracker.track(clip[3], [1])) == [1]
        assert tracker.box_xywh(0) == boxes_at(0)[0]
        assert tracker.box_xywh(1) != boxes_at(0)[1]

    def test_target_that_is_named_twice_moves_on_once(self, make_multi, clip):
        twice, once = make_multi(), make_multi()
        for tracker in (twice, once):
            tracker.init("a", clip[0], boxes_at(0)[0])
        for frame in clip[1:4]:
            found = twice.track(frame, ["a", "a"])["a"].box_xywh
            assert found == once.track(frame)["a"].box_xywh

    def test_correction_teaches_its_target_alone(self, make_multi, clip):
        tracker, untouched = make_multi(), make_multi()
        for n in range(2):
            for each in (tracker, untouched):
                each.init(n, clip[0], boxes_at(0)[n])
        tracker.correct(0, clip[1], boxes_at(1)[2])
        untouched.place(0, boxes_at(1)[2])
        found, expected = tracker.track(clip[2]), untouched.track(clip[2])
        assert found[1].box_xywh == pytest.approx(expected[1].box_xywh, abs=1e-4)
        assert found[0].box_xywh != expected[0].box_xywh

    def test_without_targets_there_is_no_answer(self, make_multi, clip):
        assert make_multi().track(clip[0]) == {}


class TestIds:
    def test_removed_target_is_forgotten(self, make_multi, clip):
        tracker = make_multi()
        tracker.init("a", clip[0], STARTS[0])
        tracker.remove("a")
        assert tracker.target_ids == ()
        assert tracker.memory_nbytes == 0
        with pytest.raises(TrackerStateError, match="no target yet"):
            tracker.box_xywh("a")

    @pytest.mark.parametrize("call", ["correct", "place", "remove", "track"])
    def test_unknown_target_is_named_with_those_known(self, make_multi, clip, call):
        tracker = make_multi()
        tracker.init("known", clip[0], STARTS[0])
        calls = {
            "correct": lambda: tracker.correct("no", clip[0], STARTS[0]),
            "place": lambda: tracker.place("no", STARTS[0]),
            "remove": lambda: tracker.remove("no"),
            "track": lambda: tracker.track(clip[0], ["no"]),
        }
        with pytest.raises(
            TrackerStateError, match=r"no target 'no' \(known: 'known'\)"
        ):
            calls[call]()

    def test_refused_box_leaves_the_old_target(self, make_multi, clip):
        tracker = make_multi()
        tracker.init("a", clip[0], STARTS[0])
        with pytest.raises(BoxError):
            tracker.init("a", clip[0], (0, 0, -3, 5))
        assert tracker.box_xywh("a") == STARTS[0]

    def test_started_again_under_the_same_id(self, make_multi, clip):
        tracker = make_multi()
        tracker.init("a", clip[0], STARTS[0])
        tracker.init("a", clip[0], STARTS[3])
        assert tracker.target_ids == ("a",)
        assert tracker.box_xywh("a") == STARTS[3]


class TestSettings:
    def test_settings_by_name_change_the_preset(self):
        tracker = Tracker.from_preset(
            "lite", device="cpu", settings={"regression.blend": 0.25}
        )
        assert tracker.config.regression.blend == 0.25


class TestLostTarget:
    """A target that jumps far away is found in the whole frame."""

    NEAR, FAR = (30.0, 30.0, 40.0, 36.0), (420.0, 300.0, 40.0, 36.0)

    @pytest.fixture
    def make_frame(self, paint):
        return lambda box: paint(box, width=500, height=380)

    def test_found_again_at_the_other_end_of_the_frame(self, make_tracker, make_frame):
        tracker = make_tracker()
        tracker.init(make_frame(self.NEAR), self.NEAR)
        patience = tracker.config.search.patience
        verdicts = []
        for _ in range(patience + 25):
            found = tracker.track(make_frame(self.FAR))
            verdicts.append(found.verdict)
            if found.verdict is not Verdict.LOST:
                break
        assert len(verdicts) > patience
        assert set(verdicts[:patience]) == {Verdict.LOST}
        assert verdicts[-1] is not Verdict.LOST
        assert found.box_xywh == pytest.approx(self.FAR, abs=6)

    def test_nothing_is_taken_for_the_target(self, make_tracker, make_frame):
        tracker = make_tracker()
        tracker.init(make_frame(self.NEAR), self.NEAR)
        for _ in range(tracker.config.search.patience + 12):
            found = tracker.track(make_frame(None))
            assert found.verdict is Verdict.LOST
            assert found.box_xywh == self.NEAR

    def test_search_of_the_frame_can_be_turned_off(
        self, lite_network, quick_config, make_frame
    ):
        from dataclasses import replace

        search = replace(quick_config.search, frame_patches=0, patience=2)
        config = replace(quick_config, search=search)
        tracker = Tracker(lite_network, config, device="cpu")
        tracker.init(make_frame(self.NEAR), self.NEAR)
        for _ in range(16):
            assert tracker.track(make_frame(self.FAR)).verdict is Verdict.LOST


class TestSecondThread:
    def follow(self, tracker, clip):
        tracker.init("a", clip[0], boxes_at(0)[0])
        tracker.init("b", clip[0], boxes_at(0)[1])
        return [tracker.track(frame) for frame in clip[1:10]]

    def test_boxes_are_the_same_without_it(self, make_multi, clip, monkeypatch):
        with_it = self.follow(make_multi(), clip)
        monkeypatch.setattr("os.cpu_count", lambda: 1)
        alone = self.follow(make_multi(), clip)
        for one, other in zip(with_it, alone, strict=True):
            for name in "ab":
                assert one[name].box_xywh == other[name].box_xywh

    def test_error_beside_the_network_is_not_lost(self, make_multi, clip, monkeypatch):
        monkeypatch.setattr("os.cpu_count", lambda: 2)
        tracker = make_multi()
        tracker.init("a", clip[0], boxes_at(0)[0])

        def fail():
            raise RuntimeError("out of memory")

        tracker._targets["a"]._due.append(fail)
        with pytest.raises(RuntimeError, match="out of memory"):
            tracker.track(clip[1])
        assert "a" in tracker.track(clip[2])

    def test_copied_tracker_goes_on_by_itself(self, make_multi, clip):
        tracker = make_multi()
        tracker.init("a", clip[0], boxes_at(0)[0])
        copied = copy.deepcopy(tracker)
        for frame in clip[1:7]:
            expected = tracker.track(frame)["a"].box_xywh
            assert copied.track(frame)["a"].box_xywh == expected

    @pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(), reason="no fork"
    )
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
    def test_forked_process_has_one_of_its_own(self, monkeypatch):
        monkeypatch.setattr("os.cpu_count", lambda: 2)
        beside = SecondThread(torch.device("cpu"))
        beside.start(lambda: None).result()
        forking = multiprocessing.get_context("fork")
        child = forking.Process(target=lambda: beside.start(lambda: None).result())
        child.start()
        child.join(20)
        if child.is_alive():
            child.kill()
        assert child.exitcode == 0


class TestWarmUp:
    def test_leaves_nothing_behind(self, make_multi, clip):
        warm, cold = make_multi(), make_multi()
        warm.warm_up()
        assert warm.target_ids == () and warm.memory_nbytes == 0
        for tracker in (warm, cold):
            tracker.init("a", clip[0], boxes_at(0)[0])
        assert warm.track(clip[1])["a"].box_xywh == cold.track(clip[1])["a"].box_xywh
