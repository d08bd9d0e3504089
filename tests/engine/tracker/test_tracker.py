from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fcot_engine.config import FINE_STRIDE, PaperNetworkConfig, find_preset
from fcot_engine.errors import (
    BoxError,
    ConfigError,
    FrameError,
    TrackerStateError,
    WeightsError,
)
from fcot_engine.geometry import box_iou, share_outside, xywh_to_xyxy
from fcot_engine.model import PaperNet
from fcot_engine.tracker import Maker, Tracker, Verdict, default_weights, load_preset
from fcot_engine.tracker.target import Target

START = (90.0, 60.0, 40.0, 36.0)


def iou(a, b):
    a, b = (xywh_to_xyxy(torch.tensor(box, dtype=torch.float64)) for box in (a, b))
    return float(box_iou(a, b))


def moved(dx, dy, zoom=1.0):
    """START shifted and grown about its middle."""
    x, y, w, h = START
    return (
        x + dx - w * (zoom - 1) / 2,
        y + dy - h * (zoom - 1) / 2,
        w * zoom,
        h * zoom,
    )


def walk(count):
    """Boxes on a bent path with steps of about four pixels."""
    return [
        moved(30 * math.sin(i / 7), 20 * (1 - math.cos(i / 6))) for i in range(count)
    ]


def known_target(tracker):
    """The one target that a tracker follows."""
    return tracker._targets._find(None)


def last_box(tracker):
    return tracker._targets.box_xywh(None)


def middle(box):
    return box[0] + box[2] / 2, box[1] + box[3] / 2


class TestFollowing:
    def test_preset_follows_a_moving_target(self, paint):
        path = walk(21)
        tracker = Tracker.from_preset("lite", device="cpu")
        first = tracker.init(paint(path[0]), path[0])
        assert first.verdict is Verdict.GIVEN
        assert first.box_xywh == path[0]
        for box in path[1:]:
            found = tracker.track(paint(box))
            assert found.verdict is not Verdict.LOST
            assert 0 < found.score <= 1
            assert iou(found.box_xywh, box) > 0.6

    def test_growing_target_is_followed_in_size(self, make_tracker, paint):
        tracker, count = make_tracker(), 16
        tracker.init(paint(START), START)
        for i in range(1, count + 1):
            box = moved(2 * i, -i, zoom=1.3 ** (i / count))
            found = tracker.track(paint(box)).box_xywh
            assert iou(found, box) > 0.6
        seen = math.sqrt(found[2] * found[3] / (START[2] * START[3]))
        assert seen > 1.15

    def test_found_places_have_little_bias(self, make_tracker, paint):
        """Over random places between pixels, the mean error is a fraction of one."""
        tracker = make_tracker(keep_score_maps=False)
        tracker.init(paint(START), START)
        generator = np.random.default_rng(0)
        errors = []
        for dx, dy in generator.uniform(-9, 9, (24, 2)):
            tracker.place(START)
            x, y = middle(tracker.track(paint(moved(dx, dy))).box_xywh)
            errors.append((x - middle(START)[0] - dx, y - middle(START)[1] - dy))
        # measured with the first weights: mean (-0.04, 0.06), deviation 0.2 px
        assert np.abs(np.mean(errors, 0)).max() < 0.4
        assert np.abs(errors).max() < 2.0


class TestDeterminism:
    def follow(self, tracker, paint, count=5):
        path = walk(count)
        tracker.init(paint(path[0]), path[0])
        return [tracker.track(paint(box)) for box in path[1:]]

    def test_same_seed_gives_the_same_bits(self, make_tracker, paint):
        first = self.follow(make_tracker(seed=3), paint)
        again = self.follow(make_tracker(seed=3), paint)
        for a, b in zip(first, again, strict=True):
            assert (a.box_xywh, a.score, a.verdict) == (b.box_xywh, b.score, b.verdict)
            assert np.array_equal(a.score_maps.fused.values, b.score_maps.fused.values)

    def test_init_forgets_everything(self, make_tracker, paint):
        tracker = make_tracker()
        first = self.follow(tracker, paint)
        tracker.correct(paint(moved(-40, 20)), moved(-40, 20))
        again = self.follow(tracker, paint)
        assert [r.box_xywh for r in first] == [r.box_xywh for r in again]

    def test_global_random_numbers_are_left_alone(self, make_tracker, paint):
        torch.manual_seed(5)
        expected = torch.rand(1)
        torch.manual_seed(5)
        make_tracker().init(paint(START), START)
        assert torch.equal(torch.rand(1), expected)

    def test_network_and_frames_are_left_alone(self, make_tracker, paint, lite_network):
        before = {n: t.clone() for n, t in lite_network.state_dict().items()}
        frame = paint(START)
        kept = frame.copy()
        tracker = make_tracker()
        tracker.init(frame, START)
        tracker.track(frame)
        assert np.array_equal(frame, kept)
        after = lite_network.state_dict()
        assert all(torch.equal(after[n], before[n]) for n in before)


class TestCorrect:
    def test_brings_a_lost_box_back_and_learns_from_it(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        far = (10.0, 120.0, 40.0, 36.0)
        tracker.place(far)
        box = moved(20, 10)
        assert iou(last_box(tracker), far) == pytest.approx(1.0)
        result = tracker.correct(paint(box), box)
        assert result.verdict is Verdict.GIVEN
        assert result.box_xywh == pytest.approx(box)
        for step in range(1, 4):
            box = moved(20 + 3 * step, 10)
            assert iou(tracker.track(paint(box)).box_xywh, box) > 0.6

    def test_given_samples_enter_both_branches(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        target = known_target(tracker)
        samples = len(target._classifier.memory)
        assert target._regressor.n_given == 1
        tracker.correct(paint(moved(10, 5)), moved(10, 5))
        assert len(target._classifier.memory) == 2 * samples
        assert target._regressor.n_given == 2

    @pytest.mark.parametrize(
        ("shift", "forgotten"), [(3, 0), (60, 1)], ids=["near", "far"]
    )
    def test_far_correction_forgets_what_was_tracked(
        self, make_tracker, paint, shift, forgotten
    ):
        """A box that had gone elsewhere has learned something else as the target."""
        tracker = make_tracker()
        tracker.init(paint(START), START)
        memory = known_target(tracker)._classifier.memory
        given = len(memory)
        for _ in range(tracker.config.classification.update_interval):
            tracker.track(paint(START))
        tracked = len(memory) - given
        assert tracked >= 1
        box = moved(shift, 0)
        tracker.correct(paint(box), box)
        assert len(memory) == 2 * given + (0 if forgotten else tracked)

    def test_new_look_is_learned(self, make_tracker, paint):
        """After a correction the target is scored higher in the look shown there."""
        tracker = make_tracker()
        tracker.init(paint(START), START)
        changed = 255 - paint(START)
        before = tracker.track(changed).score_maps.fused.values
        tracker.correct(changed, START)
        after = tracker.track(changed).score_maps.fused.values
        half = len(before) // 2  # the search is around the target
        near = np.s_[half - 2 : half + 2, half - 2 : half + 2]
        assert after[near].max() > before[near].max()


class TestReadBox:
    @pytest.mark.parametrize("zoom", [0.75, 1.3])
    def test_size_comes_nearer_to_the_targets(self, make_tracker, paint, zoom):
        tracker = make_tracker(keep_score_maps=False)
        tracker.init(paint(START), START)
        x, y = middle(moved(30, 12))
        w, h = START[2] * zoom, START[3] * zoom
        rough = (x - w / 2, y - h / 2, w, h)
        found = tracker.read_box(paint(moved(30, 12)), rough)
        assert iou(found, moved(30, 12)) > iou(rough, moved(30, 12)) + 0.05

    def test_changes_nothing(self, make_tracker, paint):
        boxes = []
        for reads in (False, True):
            tracker = make_tracker(keep_score_maps=False)
            tracker.init(paint(START), START)
            if reads:
                tracker.read_box(paint(moved(30, 12)), moved(28, 12))
                assert last_box(tracker) == START
            boxes.append(tracker.track(paint(moved(3, 2))).box_xywh)
        assert boxes[0] == boxes[1]

    def test_needs_a_target_and_a_usable_box(self, make_tracker, paint):
        tracker = make_tracker()
        with pytest.raises(TrackerStateError, match="call `init` first"):
            tracker.read_box(paint(START), START)
        tracker.init(paint(START), START)
        with pytest.raises(BoxError):
            tracker.read_box(paint(START), (500, 500, 10, 10))


class TestPlace:
    def test_moves_the_search_without_learning(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        samples = len(known_target(tracker)._classifier.memory)
        far = moved(80, 70)
        tracker.place(far)
        assert last_box(tracker) == pytest.approx(far)
        assert len(known_target(tracker)._classifier.memory) == samples
        assert iou(tracker.track(paint(far)).box_xywh, far) > 0.6

    def test_box_over_the_border_stays_whole(self, make_tracker, paint):
        tracker, over = make_tracker(), (-18.0, -9.0, 44.0, 40.0)
        tracker.init(paint(over), over)
        tracker.place(over)
        assert last_box(tracker) == over

    @pytest.mark.parametrize("box", [(1, 2, 0, 4), (1, 2, 3), (math.nan, 2, 3, 4)])
    def test_unusable_box_changes_nothing(self, make_tracker, paint, box):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        with pytest.raises(BoxError):
            tracker.place(box)
        assert last_box(tracker) == START


class TestLost:
    def test_black_frames_keep_the_box_and_the_target_is_found_again(
        self, make_tracker, paint
    ):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        known = tracker.track(paint(moved(4, 2))).box_xywh
        black = np.zeros_like(paint(START))
        spans = []
        for _ in range(3):
            lost = tracker.track(black)
            assert lost.verdict is Verdict.LOST
            assert lost.box_xywh == known
            spans.append(lost.score_maps.fused.cell_px)
        assert spans[0] < spans[1] < spans[2]  # the searched region grows
        back = moved(16, 8)
        found = tracker.track(paint(back))
        assert found.verdict is not Verdict.LOST
        assert iou(found.box_xywh, back) > 0.6
        assert known_target(tracker)._growth == 1.0  # and shrinks back

    def test_search_grows_no_further_than_its_limit(self, make_tracker, paint):
        tracker = make_tracker(keep_score_maps=False)
        tracker.init(paint(START), START)
        black = np.zeros_like(paint(START))
        for _ in range(12):
            tracker.track(black)
        assert known_target(tracker)._growth == tracker.config.search.max_growth


class TestLeaving:
    @pytest.mark.parametrize(
        "step",
        [(-9, 0), (9, 0), (0, -9), (6, 9)],
        ids=["left", "right", "top", "corner"],
    )
    def test_box_stays_inside_the_frame_with_an_area(self, make_tracker, paint, step):
        tracker = make_tracker(keep_score_maps=False)
        tracker.init(paint(START), START)
        for i in range(1, 20):
            frame = paint(moved(i * step[0], i * step[1]))
            x, y, w, h = tracker.track(frame).box_xywh
            assert w > 0 and h > 0
            assert x >= 0 and y >= 0
            assert x + w <= frame.shape[1] + 1e-6
            assert y + h <= frame.shape[0] + 1e-6

    def test_target_at_the_border_is_cut_there(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        for i in range(1, 13):
            full = moved(-9 * i, 0)
            found = tracker.track(paint(full)).box_xywh
        visible = (0.0, full[1], full[0] + full[2], full[3])
        assert iou(found, visible) > 0.4

    def test_it_is_shown_whole_once_a_person_has_drawn_it_so(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        for i in range(1, 13):
            full = moved(-9 * i, 0)
            cut = tracker.track(paint(full)).box_xywh
        assert full[0] < 0
        assert cut[0] >= 0
        tracker.correct(paint(full), full)
        x, _, w, _ = tracker.track(paint(full)).box_xywh
        assert x < 0
        assert abs(w - full[2]) < 0.35 * full[2]

    def test_a_target_that_comes_back_has_kept_its_size(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        way = [*range(1, 13), *range(12, -1, -1)]
        for i in way:
            found = tracker.track(paint(moved(-9 * i, 0))).box_xywh
        assert iou(found, START) > 0.6


class TestMaker:
    def test_preset_says_engine_name_and_weights(self):
        tracker = Tracker.from_preset("lite", device="cpu")
        digest = hashlib.sha256(default_weights("lite").read_bytes()).hexdigest()
        assert tracker.maker.engine.startswith("fcot ")
        assert tracker.maker.preset == "lite"
        assert tracker.maker.weights == f"lite.safetensors sha256:{digest[:12]}"

    def test_own_weights_are_named(self, tmp_path):
        own = tmp_path / "own.safetensors"
        own.write_bytes(default_weights("lite").read_bytes())
        loaded = load_preset("auto", own)
        assert loaded.maker.preset == "lite"
        assert loaded.maker.weights.startswith("own.safetensors sha256:")

    def test_bare_network_has_no_maker(self, make_tracker):
        assert make_tracker().maker == Maker()


class TestScoreMaps:
    def test_peak_lies_on_the_target(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        for dx, dy in ((0, 0), (12, -8), (-3, 6)):
            maps = tracker.track(paint(moved(dx, dy))).score_maps
            expected = middle(moved(dx, dy))
            for found in (maps.fused, maps.fine, maps.coarse):
                best = found.values.argmax()
                peak = found.to_image(*np.unravel_index(best, found.values.shape))
                assert math.dist(peak, expected) < 1.5 * found.cell_px + 1

    def test_grid_covers_the_search_patch(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        maps = tracker.track(paint(START)).score_maps
        cells = tracker.config.search.patch_size // FINE_STRIDE
        side = math.sqrt(START[2] * START[3]) * tracker.config.search.area_scale
        for found, count in (
            (maps.fused, cells),
            (maps.fine, cells),
            (maps.coarse, cells // 4),
        ):
            assert found.values.shape == (count, count)
            assert found.values.dtype == np.float16
            assert found.cell_px * count == pytest.approx(side)
            half = (count - 1) / 2
            assert found.to_image(half, half) == pytest.approx(middle(START))

    def test_can_be_left_out(self, make_tracker, paint):
        tracker = make_tracker(keep_score_maps=False)
        assert tracker.init(paint(START), START).score_maps is None
        assert tracker.track(paint(START)).score_maps is None


class TestOrder:
    def test_calls_before_init_say_what_to_do(self, make_tracker, paint):
        tracker = make_tracker()
        for call in (
            lambda: tracker.track(paint(START)),
            lambda: tracker.correct(paint(START), START),
            lambda: tracker.place(START),
        ):
            with pytest.raises(TrackerStateError, match="call `init` first"):
                call()

    def test_refused_init_leaves_the_tracker_without_target(self, make_tracker, paint):
        tracker = make_tracker()
        with pytest.raises(BoxError):
            tracker.init(paint(START), (500, 500, 10, 10))
        with pytest.raises(TrackerStateError):
            tracker.track(paint(START))

    def test_refused_correction_changes_nothing(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        with pytest.raises(BoxError, match="outside the frame of 240x180"):
            tracker.correct(paint(START), (500, 500, 10, 10))
        assert last_box(tracker) == START
        assert known_target(tracker)._regressor.n_given == 1


class TestFrames:
    @pytest.mark.parametrize(
        "frame",
        [
            pytest.param(np.zeros((20, 20), np.uint8), id="gray"),
            pytest.param(np.zeros((20, 20, 4), np.uint8), id="rgba"),
            pytest.param(np.zeros((3, 20, 20), np.uint8), id="channels_first"),
            pytest.param(np.zeros((20, 20, 3), np.float32), id="float"),
            pytest.param(np.zeros((20, 20, 3), np.uint16), id="16_bit"),
            pytest.param(np.zeros((2, 20, 20, 3), np.uint8), id="video"),
        ],
    )
    def test_other_arrays_are_refused_with_their_form(self, make_tracker, frame):
        with pytest.raises(FrameError, match="uint8 RGB of shape") as caught:
            make_tracker().init(frame, (2, 2, 5, 5))
        assert str(frame.shape) in str(caught.value)
        assert str(frame.dtype) in str(caught.value)

    def test_what_is_no_array_is_refused_with_its_kind(self, make_tracker):
        frame = torch.zeros((20, 20, 3), dtype=torch.uint8)
        with pytest.raises(FrameError, match=r"NumPy array.* got Tensor"):
            make_tracker().init(frame, (2, 2, 5, 5))

    @pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (0, 0), (0, 9)])
    def test_too_small_frame_is_refused(self, make_tracker, size):
        frame = np.zeros((*size, 3), np.uint8)
        with pytest.raises(FrameError, match="at least 2x2 pixels"):
            make_tracker().init(frame, (0, 0, 1, 1))

    @pytest.mark.parametrize("size", [(2, 2), (2, 300), (17, 5)])
    def test_smallest_frames_work(self, make_tracker, size):
        frame = np.full((*size, 3), 90, np.uint8)
        tracker = make_tracker()
        tracker.init(frame, (0, 0, 1, 1))
        x, y, w, h = tracker.track(frame).box_xywh
        assert w > 0 and h > 0
        assert x >= 0 and x + w <= size[1]
        assert y >= 0 and y + h <= size[0]

    def test_size_of_frames_may_change(self, make_tracker, paint):
        tracker = make_tracker()
        tracker.init(paint(START), START)
        found = tracker.track(paint(START, width=300, height=200))
        assert iou(found.box_xywh, START) > 0.6

    def test_strided_and_read_only_frames_are_taken(self, make_tracker, paint):
        frame = paint(START)
        strided = np.repeat(frame, 2, axis=1)[:, ::2]
        frozen = frame.copy()
        frozen.setflags(write=False)
        boxes = []
        for same in (frame, strided, frozen):
            tracker = make_tracker()
            tracker.init(same, START)
            boxes.append(tracker.track(same).box_xywh)
        assert boxes[0] == boxes[1] == boxes[2]


class TestMaking:
    def test_box_a_little_over_the_border_is_cut(self, make_tracker, paint):
        result = make_tracker().init(paint(START), (-3, 20, 40, 40))
        assert result.box_xywh == (0, 20, 37, 40)

    def test_box_far_over_the_border_is_meant_so(self, make_tracker, paint):
        result = make_tracker().init(paint(START), (-10, 20, 40, 40))
        assert result.box_xywh == (-10, 20, 40, 40)

    def test_device_is_named(self, make_tracker):
        assert make_tracker().device_name.startswith("CPU (")

    def test_unknown_preset_or_device(self, lite_network):
        with pytest.raises(ConfigError, match="no preset 'huge'"):
            Tracker.from_preset("huge")
        with pytest.raises(ConfigError, match="device must be"):
            Tracker(lite_network, device="toaster")

    def test_weights_that_are_not_there(self, tmp_path):
        with pytest.raises(WeightsError, match="none"):
            Tracker.from_preset("lite", weights=tmp_path / "none.safetensors")

    def test_result_of_another_video_does_not_linger(self, make_tracker, paint):
        """Two trackers around one network do not touch each other."""
        first, second = make_tracker(), make_tracker()
        first.init(paint(START), START)
        alone = first.track(paint(moved(3, 3))).box_xywh
        first.init(paint(START), START)
        second.init(paint(moved(40, 40)), moved(40, 40))
        second.track(paint(moved(44, 40)))
        assert first.track(paint(moved(3, 3))).box_xywh == alone
        assert isinstance(known_target(first), Target)


# --- places that a person said are not the target

TARGET = (60.0, 60.0, 40.0, 36.0)
FAR = 78  # from the target to the look-alike


def target_at(step):
    return (TARGET[0] + 2 * step, TARGET[1] + step, *TARGET[2:])


def double_at(step):
    """Where the look-alike is, which goes the same way."""
    x, y, w, h = target_at(step)
    return (x + FAR, y, w, h)


@pytest.fixture
def film(paint):
    """Frames with the target and something much like it, a little darker."""

    def frame(step):
        image = paint(target_at(step))
        double = paint(double_at(step))
        x, y, w, h = (round(value) for value in double_at(step))
        inside = np.s_[y : y + h, x : x + w]
        image[inside] = (double[inside] * 0.85).astype(np.uint8)
        return image

    return frame


@pytest.fixture
def mistaken(make_tracker, film):
    """A function that makes a tracker that is on the look-alike."""

    def make():
        tracker = make_tracker()
        tracker.init(film(0), TARGET)
        tracker.place(double_at(1))
        found = tracker.track(film(1))
        assert found.verdict is not Verdict.LOST
        return tracker, found.box_xywh

    return make


def score_near(tracker, frame, place):
    """Best score in the middle of the search patch around a place."""
    tracker.place(place)
    maps = tracker.track(frame).score_maps.fused.values.astype(float)
    half = len(maps) // 2
    return maps[half - 3 : half + 3, half - 3 : half + 3].max()


def corrected(mistaken, film, *, rejects):
    tracker, wrong = mistaken()
    tracker.correct(film(2), target_at(2), not_boxes=[wrong] if rejects else ())
    return tracker


class TestNotBoxes:
    @pytest.mark.parametrize("step", [2, 6], ids=["same_frame", "later_frame"])
    def test_rejected_thing_scores_lower_than_after_a_plain_correction(
        self, mistaken, film, step
    ):
        plain, taught = (
            score_near(
                corrected(mistaken, film, rejects=rejects), film(step), double_at(step)
            )
            for rejects in (False, True)
        )
        assert taught < plain - 0.05

    def test_target_is_followed_after_it(self, mistaken, film):
        tracker = corrected(mistaken, film, rejects=True)
        for step in range(3, 8):
            x, y, _, _ = tracker.track(film(step)).box_xywh
            assert (x, y) == pytest.approx(target_at(step)[:2], abs=6)

    def test_target_itself_does_not_suffer(self, mistaken, film):
        tracker = corrected(mistaken, film, rejects=True)
        assert score_near(tracker, film(4), target_at(4)) > 0.5

    def test_first_box_can_have_some_too(self, make_tracker, film):
        scores = []
        for not_boxes in ((), [double_at(0)]):
            tracker = make_tracker()
            tracker.init(film(0), TARGET, not_boxes=not_boxes)
            scores.append(score_near(tracker, film(0), double_at(0)))
        assert scores[1] < scores[0] - 0.05

    def test_place_that_overlaps_the_target_leaves_it_the_target(
        self, make_tracker, film
    ):
        tracker = make_tracker()
        x, y, w, h = TARGET
        tracker.init(film(0), TARGET, not_boxes=[(x + w / 3, y + h / 3, w, h)])
        found = tracker.track(film(1)).box_xywh
        assert found[:2] == pytest.approx(target_at(1)[:2], abs=6)

    def test_unusable_one_changes_nothing(self, make_tracker, film):
        tracker = make_tracker()
        tracker.init(film(0), TARGET)
        memory = tracker._targets._find(None)._classifier.memory
        given = len(memory)
        with pytest.raises(BoxError, match="outside the frame"):
            tracker.correct(film(1), target_at(1), not_boxes=[(900, 900, 5, 5)])
        assert len(memory) == given
        assert last_box(tracker) == TARGET


# --- whatever the box, the answers are finite and have an area inside the frame

WIDTH, HEIGHT = 97, 61
BOXES = {
    "one_pixel": (40.0, 30.0, 1.0, 1.0),
    "less_than_a_pixel": (40.3, 30.3, 0.4, 0.4),
    "thin": (10.0, 30.0, 80.0, 1.5),
    "tall": (40.0, 1.0, 2.0, 59.0),
    "whole_frame": (0.0, 0.0, 97.0, 61.0),
    "over_two_borders": (-40.0, -20.0, 90.0, 55.0),
    "mostly_outside": (90.0, 50.0, 60.0, 60.0),
}


@pytest.fixture(scope="module")
def small_paper():
    torch.manual_seed(0)
    base = PaperNetworkConfig()
    return PaperNet(
        replace(
            base,
            depth=18,
            decoder_width=8,
            head_width=8,
            groups=2,
            coarse=replace(base.coarse, channels=6),
            fine=replace(base.fine, channels=4),
            regression_channels=4,
        )
    )


@pytest.fixture(params=["lite", "paper"])
def any_tracker(request, quick_config, lite_network, small_paper):
    if request.param == "lite":
        return Tracker(lite_network, quick_config, device="cpu")
    config = find_preset("paper").tracker
    search = replace(config.search, patch_size=96, area_scale=2.5)
    updates = replace(config.classification, update_interval=2)
    models = replace(config.regression, update_interval=2)
    config = replace(config, search=search, classification=updates, regression=models)
    return Tracker(small_paper, config, device="cpu")


def noise_or_flat(kind, seed):
    draws = np.random.default_rng(seed)
    if kind == "flat":
        return np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    return draws.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", ["noise", "flat"])
@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES)
def test_answers_are_finite_and_inside(any_tracker, box, kind):
    any_tracker.init(noise_or_flat(kind, 0), box)
    for index in range(1, 4):
        found = any_tracker.track(noise_or_flat(kind, index))
        x, y, w, h = found.box_xywh
        assert all(math.isfinite(value) for value in (*found.box_xywh, found.score))
        assert w > 0 and h > 0
        if found.verdict.value not in ("lost", "given"):
            assert x < WIDTH and y < HEIGHT and x + w > 0 and y + h > 0
            if share_outside(box, width=WIDTH, height=HEIGHT) == 0:
                assert x >= 0 and y >= 0
                assert x + w <= WIDTH + 1e-6 and y + h <= HEIGHT + 1e-6
