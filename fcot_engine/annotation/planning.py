"""Which stretches of frames a propagation or a correction asks for."""

from __future__ import annotations

from fcot_engine.annotation.legs import Stretch
from fcot_engine.annotation.propagation_config import Until
from fcot_engine.annotation.targets import AnnotatedTarget

__all__ = ["plan_around", "plan_one_way"]


def plan_one_way(
    target: AnnotatedTarget,
    start: int,
    *,
    step: int,
    until: Until | int,
    n_frames: int,
    fuse: bool,
) -> list[Stretch]:
    """Return the stretches from a box on, forward or backward.

    Args:
        target: has a box in frame `start`.
        start: where to begin.
        step: 1 forward, -1 backward.
        until: how far, or the last frame to fill.
        n_frames: length of the video.
        fuse: whether frames between two boxes are run through both ways.
    """
    border = n_frames - 1 if step > 0 else 0
    if target.info.end_frame is not None and step > 0:
        border = min(border, target.info.end_frame)
    last = border
    if not isinstance(until, Until):
        last = min(until, border) if step > 0 else max(until, border)
    human = [int(frame) for frame in target.boxes.human_frames()]
    pins = [f for f in human if 0 < (f - start) * step <= (last - start) * step]
    pins.sort(key=lambda frame: frame * step)
    if until is Until.NEXT_HUMAN and pins:
        pins = pins[:1]
        last = pins[0]
    stretches = []
    here = start
    for pin in pins:
        if abs(pin - here) > 1:
            stretches.append(_between(target, here, pin, fuse=fuse))
        here = pin
    if (last - here) * step > 0:
        stretches.append(Stretch.open(target.target_id, here, last))
    return stretches


def plan_around(
    target: AnnotatedTarget,
    frame_index: int,
    *,
    fuse: bool,
    may_rejoin: bool,
    reach: tuple[int, int] | None = None,
) -> list[Stretch]:
    """Return the stretches on both sides of a box that a person just drew.

    They go to the neighbouring drawn boxes; where there is none, as far as the target
    has boxes.

    Args:
        target: has a box in frame `frame_index`.
        frame_index: where it was drawn.
        fuse: whether frames between two boxes are run through both ways.
        may_rejoin: whether to end where the boxes are as they were.
        reach: first and last frame that a run under way was meant to fill, too.
    """
    frames = target.boxes.frames()
    first, last = int(frames[0]), int(frames[-1])
    if reach is not None:
        first, last = min(first, reach[0]), max(last, reach[1])
    after = target.boxes.human_after(frame_index)
    before = target.boxes.human_before(frame_index)
    stretches = []
    for pin, border, step in ((after, last, 1), (before, first, -1)):
        if pin is not None:
            if abs(pin - frame_index) > 1:
                stretches.append(_between(target, frame_index, pin, fuse=fuse))
        elif (border - frame_index) * step > 0:
            stretches.append(Stretch.open(target.target_id, frame_index, border))
    for stretch in stretches:
        stretch.may_rejoin = may_rejoin
    return stretches


def _between(target: AnnotatedTarget, here: int, pin: int, *, fuse: bool) -> Stretch:
    if not fuse:
        return Stretch.open(target.target_id, here, pin, has_far_pin=True)
    return Stretch.between(
        target.target_id, min(here, pin), max(here, pin), from_left=here < pin
    )
