from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import (
    FEATURES,
    Document,
    Origin,
    RiskModel,
    SpanKind,
    WorkListConfig,
    edits,
    empty_rows,
    list_work,
)
from fcot_engine.annotation.work_list import describe_frames
from fcot_engine.errors import ConfigError

N = 200


def make_rows(count, score=0.95):
    rows = empty_rows(count)
    rows["origin"] = Origin.TRACKED
    rows["box"] = (10, 10, 20, 20)
    rows["score"] = score
    rows["look_alike"] = rows["disagreement"] = np.nan
    return rows


@pytest.fixture
def document():
    """One target drawn in frame 0 and tracked well to frame 199."""
    document = Document()
    document.do(edits.add_target(document.annotations))
    document.do(edits.draw_box(document.annotations, 1, 0, (10, 10, 20, 20)))
    put(document, np.arange(1, N), make_rows(N - 1))
    return document


def put(document, frames, rows):
    found = {1: (frames, rows)}
    edit = edits.put_found(document.annotations, found, kind="run", text="found")
    document.do(edit)


def put_bad(document, first, last, score=0.2):
    frames = np.arange(first, last + 1)
    put(document, frames, make_rows(len(frames), score))


def stops_of(document, **options):
    return list_work(document.annotations, **options)


class TestListWork:
    def test_worst_part_comes_first(self, document):
        put_bad(document, 50, 60, score=0.4)
        put_bad(document, 120, 140, score=0.2)
        first, second = stops_of(document, limit=2)
        assert 120 <= first.frame_index <= 140
        assert first.expected_saving > second.expected_saving
        assert first.reasons == ("low_score",)

    def test_long_bad_part_is_worth_more_than_one_bad_frame(self, document):
        put_bad(document, 50, 50, score=0.0)
        put_bad(document, 120, 160, score=0.3)
        (first,) = stops_of(document, limit=1)
        assert 120 <= first.frame_index <= 160

    def test_stops_do_not_crowd(self, document):
        put_bad(document, 40, 160)
        places = sorted(stop.frame_index for stop in stops_of(document, limit=4))
        assert np.diff(places).min() > 8

    def test_saving_is_at_most_one_box(self, document):
        put_bad(document, 1, N - 1, score=0.0)
        savings = [stop.expected_saving for stop in stops_of(document)]
        assert max(savings) <= 1
        assert savings == sorted(savings, reverse=True)

    def test_human_frames_are_never_offered(self, document):
        for frame in range(0, N, 2):
            box = (10, 10, 20, 20)
            document.do(edits.draw_box(document.annotations, 1, frame, box))
        config = WorkListConfig(least_saving=1e-9)
        stops = stops_of(document, limit=300, config=config)
        assert stops and all(stop.frame_index % 2 for stop in stops)

    def test_good_boxes_are_not_offered(self, document):
        put(document, np.arange(1, N), make_rows(N - 1, score=1.0))
        assert stops_of(document) == []

    def test_correction_does_not_reach_over_a_drawn_box(self, document):
        put_bad(document, 50, 70)
        together = stops_of(document, limit=1)[0].expected_saving
        document.do(edits.draw_box(document.annotations, 1, 60, (10, 10, 20, 20)))
        parted = stops_of(document, limit=1)[0].expected_saving
        assert parted < together

    def test_correction_does_not_reach_over_a_cut(self, document):
        put_bad(document, 50, 70)
        together = stops_of(document, limit=1)[0].expected_saving
        parted = stops_of(document, limit=1, cuts=[60])[0].expected_saving
        assert parted < together

    def test_gap_is_offered(self, document):
        document.do(edits.delete_machine_boxes(document.annotations, 1, 80, 110))
        stop = stops_of(document, limit=1)[0]
        assert 80 <= stop.frame_index <= 110
        assert stop.reasons == ("gap",) and stop.risk == 1

    @pytest.mark.parametrize("kind", list(SpanKind))
    def test_marked_frames_are_not_offered(self, document, kind):
        put_bad(document, 80, 110)
        mark = edits.mark_span(document.annotations, 1, 75, 115, kind)
        document.do(mark)
        assert all(
            not 75 <= stop.frame_index <= 115 for stop in stops_of(document, limit=50)
        )

    def test_frames_passed_over_are_not_offered_again(self, document):
        put_bad(document, 80, 90)
        first = stops_of(document, limit=1)[0].frame_index
        again = stops_of(document, limit=1, seen={1: {first}})
        assert not again or abs(again[0].frame_index - first) >= 3

    def test_list_ends_even_without_a_least_saving(self, document):
        config = WorkListConfig(least_saving=0)
        stops = stops_of(document, limit=1000, config=config)
        assert 0 < len(stops) < 1000
        assert len({stop.frame_index for stop in stops}) == len(stops)

    def test_nothing_to_do_without_boxes(self):
        assert list_work(Document().annotations) == []

    def test_reach_must_be_positive(self):
        with pytest.raises(ConfigError, match="reach_frames must be above 0"):
            WorkListConfig(reach_frames=0)


class TestFeatures:
    def feature(self, name, rows, frames=None):
        frames = np.arange(len(rows)) if frames is None else frames
        return FEATURES[name](frames, rows)

    def test_unknown_look_alike_is_nothing_odd(self):
        assert self.feature("look_alike", make_rows(5)).tolist() == [0] * 5

    def test_single_run_counts_as_neither_agreement_nor_disagreement(self):
        rows = make_rows(3)
        rows["disagreement"][:2] = (0.0, 0.9)
        agreed, disagreed, unchecked = self.feature("disagreement", rows)
        assert agreed < unchecked < disagreed

    def test_doubt_stays_behind_a_doubtful_moment(self):
        rows = make_rows(10)
        rows["origin"][0] = Origin.HUMAN
        rows["look_alike"] = 0.2
        rows["look_alike"][4] = 0.9
        doubt = self.feature("doubt_since_drawn", rows)
        assert doubt == pytest.approx([0, *[0.2] * 3, *[0.9] * 6])

    def test_doubt_counts_from_the_better_side(self):
        rows = make_rows(10)
        rows["origin"][[0, 9]] = Origin.HUMAN
        rows["look_alike"] = 0.2
        rows["look_alike"][4] = 0.9
        doubt = self.feature("doubt_since_drawn", rows)
        assert doubt == pytest.approx([0, *[0.2] * 3, 0.9, *[0.2] * 4, 0])

    def test_target_that_nobody_drew_is_in_doubt(self):
        assert self.feature("doubt_since_drawn", make_rows(3)).tolist() == [1, 1, 1]

    def test_distance_from_the_next_drawn_box(self):
        rows = make_rows(91)
        assert self.feature("far_from_drawn", rows).tolist() == [1] * 91
        rows["origin"][[0, 60]] = Origin.HUMAN
        far = self.feature("far_from_drawn", rows)
        assert far[[0, 30, 60, 90]] == pytest.approx([0, 0.5, 0, 0.5])

    def test_jump_stands_out(self):
        rows = make_rows(9)
        rows["box"][:, 0] = np.arange(9) * 3
        rows["box"][4, 0] += 10
        jumps = self.feature("jump", rows)
        assert jumps.argmax() == 4 and jumps[4] == pytest.approx(0.5)
        assert jumps[[0, 1, 2, 6, 7, 8]].max() == pytest.approx(0)

    @pytest.mark.parametrize(("drawn", "beyond"), [(0, 5), (8, 4)])
    def test_frame_beyond_a_jump_is_odder_than_the_one_before_it(self, drawn, beyond):
        rows = make_rows(9)
        rows["origin"][drawn] = Origin.HUMAN
        rows["box"][5:, 0] += 14  # from frame 5 on it is elsewhere
        jumps = self.feature("jump", rows)
        assert jumps.argmax() == beyond

    def test_even_movement_over_a_gap_is_no_jump(self):
        frames = np.array([0, 1, 2, 10, 11])
        rows = make_rows(5)
        rows["box"][:, 0] = frames * 3
        np.testing.assert_allclose(self.feature("jump", rows, frames), 0, atol=1e-9)

    def test_resize_stands_out(self):
        rows = make_rows(20)
        rows["box"][12, 2:] = 40
        resizes = self.feature("resize", rows)
        assert resizes.argmax() == 12 and resizes[12] == 1
        assert np.delete(resizes, 12).max() == pytest.approx(0)

    @pytest.mark.parametrize("count", [0, 1, 2, 3])
    def test_few_boxes_are_no_trouble(self, count):
        described = describe_frames(np.arange(count), make_rows(count), FEATURES)
        assert described.shape == (count, len(FEATURES))
        assert np.isfinite(described).all()


class TestRiskModel:
    def test_everything_odd_raises_the_risk(self):
        model = RiskModel()
        fine = model.rate(np.arange(3), make_rows(3))[1]
        for name, value in (
            ("score", 0.3),
            ("look_alike", 0.9),
            ("disagreement", 0.8),
        ):
            rows = make_rows(3)
            rows[name][1] = value
            assert model.rate(np.arange(3), rows)[1] > 2 * fine

    def test_own_features_can_be_handed_in(self):
        def late(frames, rows):
            return (frames > 2).astype(float)

        model = RiskModel(weights={"late": 5.0}, bias=-2.0, features={"late": late})
        assert np.argsort(model.rate(np.arange(5), make_rows(5)))[-1] in (3, 4)

    def test_weight_without_a_feature_is_refused(self):
        with pytest.raises(ConfigError, match="one weight for each"):
            RiskModel(weights={"low_score": 1.0})


class TestPassedOver:
    @pytest.fixture
    def tracked(self, one_target, finish):
        session, target = one_target
        finish(session.propagate(0))
        session._passed_over.add(target, 7, session.box(target, 7))
        return session, target

    def seen(self, session):
        return session._passed_over.frames(session.annotations)

    def test_frame_is_remembered_while_its_box_stays(self, tracked):
        session, target = tracked
        assert self.seen(session) == {target: {7}}

    def test_other_box_is_worth_a_new_look(self, tracked):
        session, target = tracked
        session.edit.draw_box(target, 7, (0, 0, 9, 9))
        assert self.seen(session) == {}
        session.edit.undo()
        assert self.seen(session) == {target: {7}}

    def test_removed_box_is_worth_a_new_look(self, tracked):
        session, target = tracked
        session.edit.delete_box(target, 7)
        assert self.seen(session) == {}

    def test_frames_of_a_removed_target_are_left_out(self, tracked):
        session, target = tracked
        session.edit.remove_target(target)
        assert self.seen(session) == {}
