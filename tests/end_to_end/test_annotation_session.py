"""The annotation session on the sample, with the shipped weights."""

from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.annotation import AnnotationSession, annotations_to_json
from fcot_engine.annotation.boxes import paired_iou
from fcot_engine.config import find_preset
from fcot_engine.model import load_network
from fcot_engine.tracker import MultiTracker, default_weights
from fcot_engine.video import ArrayFrames

pytestmark = pytest.mark.slow

_FIRST, _LAST = 85, 139  # the look-alike comes in 92 and takes the box
_CORRECTED = 126 - _FIRST  # it has left the target


class Story:
    """One target drawn, carried, and corrected once."""

    def __init__(self, sample, path):
        clip = slice(_FIRST, _LAST + 1)
        self.truth = sample.boxes_xywh[clip]
        self.source = ArrayFrames(sample.frames[clip], name="cup")
        self.path = path
        session = AnnotationSession.create(self.source, make_tracker(), path)
        self.target = session.edit.add_target(class_name="cup")
        session.edit.draw_box(self.target, 0, self.truth[0])
        for _ in session.propagate(0):
            pass
        self.before = self.overlaps(session)
        self.stop = session.next_stop()
        run = session.correct(self.target, _CORRECTED, self.truth[_CORRECTED])
        for _ in run:
            pass
        self.after = self.overlaps(session)
        self.report = run.report()
        self.state = annotations_to_json(session.annotations)
        session.close()

    def overlaps(self, session):
        boxes = [session.box(self.target, i).box_xywh for i in range(len(self.truth))]
        return paired_iou(np.array(boxes), self.truth)


def make_tracker():
    """A factory of trackers that share one network."""
    network = load_network(default_weights("lite"))
    config = find_preset("lite").tracker
    return lambda: MultiTracker(network, config, device="cpu")


@pytest.fixture(scope="module")
def story(sample_video, tmp_path_factory):
    return Story(sample_video, tmp_path_factory.mktemp("project") / "cup.fcot")


def test_box_is_taken_by_the_look_alike_at_first(story):
    assert (story.before[_CORRECTED:] < 0.5).all()


@pytest.mark.xfail(
    strict=True,
    reason="since sizes are measured by the filter over scales, the frame just before "
    "the box goes over to the look-alike is rated worse than the one after it",
)
def test_work_list_offers_a_wrong_frame_first(story):
    assert story.before[story.stop.frame_index] < 0.5


def test_work_list_first_offers_where_the_box_goes_over(story):
    here = story.stop.frame_index
    assert story.before[here : here + 2].min() < 0.5


def test_correction_mends_the_frames_behind_and_before_it(story):
    assert (story.after[_CORRECTED:] > 0.5).all()
    assert (story.after > 0.5).sum() > (story.before > 0.5).sum() + 14
    assert story.after.mean() > story.before.mean() + 0.2


def test_report_names_the_frames_that_changed(story):
    (report,) = story.report
    wrong = np.flatnonzero((story.before < 0.5) & (story.after > 0.5))
    assert set(wrong) - {_CORRECTED} <= set(report.moved.tolist())


def test_all_of_it_is_there_after_opening_and_can_be_undone(story):
    session = AnnotationSession.open(story.path, make_tracker(), source=story.source)
    assert annotations_to_json(session.annotations) == story.state
    session.edit.undo()
    session.edit.undo()
    np.testing.assert_array_equal(story.overlaps(session), story.before)
    session.close()
