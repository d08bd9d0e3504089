"""How fast a tracker is and what memory it takes, alone or in turns with others.

On a machine with other work on it, speeds wander by a factor of two within minutes.
So trackers that are compared take turns, some frames each over the same frames: what
slows one slows the other, and the ratio holds.
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from fcot_engine.errors import ConfigError
from fcot_engine.evaluation.speed_clip import Clip, Timings
from fcot_engine.geometry import MIN_SIDE_PX, BoxXywh
from fcot_engine.tracker import MultiTracker, TrackResult, Verdict, time_stages

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N_BLOCKS = 20
"""Parts of a long pass, each with a mean of its own."""
OURS = "fcot"

_MIB = 2**20

OnStep = Callable[[], None]
"""Called after each step, while no clock runs."""


class Peer(Protocol):
    """A tracker of somebody else, on one target."""

    def prepare(self, frame_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a frame as it reads them; the clock stands meanwhile."""

    def start(self, frame: NDArray[np.uint8], box_xywh: BoxXywh) -> None:
        """Start anew on a box in image pixels."""

    def track(self, frame: NDArray[np.uint8]) -> object:
        """Find the target in the next frame."""


MakePeer = Callable[[], Peer]


@dataclass(frozen=True, kw_only=True)
class SpeedConfig:
    """How much is measured."""

    frames: int = 100
    """Tracked frames of a pass."""
    repeats: int = 3
    """Passes; each has a first box, its frames and a correction."""
    block: int = 10
    """Frames of a turn, where trackers take turns."""
    staged_frames: int = 20
    """Frames of the pass that times the stages: more than one interval of learning. 0
    leaves that pass out."""

    def __post_init__(self) -> None:
        for name, least in (
            ("frames", 1),
            ("repeats", 1),
            ("block", 1),
            ("staged_frames", 0),
        ):
            if getattr(self, name) < least:
                raise ConfigError(
                    f"{name} must be at least {least}: {getattr(self, name)}."
                )

    def count_steps(self, n_targets: int) -> int:
        """How often `measure_speed` calls `on_step`."""
        return self.repeats * (n_targets + self.frames + 1) + self.staged_frames


# --- measuring -------------------------------------------------------------------


@dataclass(frozen=True)
class PeerTimes:
    """A tracker of somebody else over the same frames."""

    track: Timings
    ratio: float
    """Our mean frames/s over theirs."""
    ratio_quartiles: tuple[float, float]
    """Of the same ratio of single turns."""


@dataclass(frozen=True)
class MemoryUse:
    """What is held, in bytes; None where the system does not tell."""

    tracker: int
    """Feature maps kept of all targets at the end of a pass."""
    peak_rss: int | None
    """Most that the process held at once while measured, frames and network in it."""
    peak_device: int | None = None
    """The same of a CUDA device's memory, by torch; None elsewhere."""


@dataclass(frozen=True)
class SpeedFigures:
    """What `measure_speed` found."""

    track: Timings
    """A frame with all targets, learning included."""
    first_box: Timings
    """From `init` of a target until its box in the next frame is there."""
    correction: Timings
    """From `correct` of a target until its box in the next frame is there."""
    stages: Mapping[str, float]
    """Milliseconds a frame, of a pass of their own; "other" is the rest of the step.
    On a CPU learning goes on beside them. Empty if that pass was left out."""
    memory: MemoryUse
    n_lost: int
    """Frames in which a target was lost, which costs other work; of all targets."""
    peers: Mapping[str, PeerTimes] = field(default_factory=dict)

    def to_facts(self) -> dict[str, Any]:
        """Return all figures by name, for machines."""
        return {
            "track": self.track.to_facts(),
            "first_box": self.first_box.to_facts(),
            "correction": self.correction.to_facts(),
            "stages": {name: round(ms, 3) for name, ms in self.stages.items()},
            "memory_bytes": vars(self.memory),
            "lost": self.n_lost,
            "peers": {name: peer.track.to_facts() for name, peer in self.peers.items()},
            "ratio": {name: round(peer.ratio, 4) for name, peer in self.peers.items()},
            "ratio_quartiles": {
                name: [round(value, 4) for value in peer.ratio_quartiles]
                for name, peer in self.peers.items()
            },
        }


def measure_speed(
    tracker: MultiTracker[int],
    clip: Clip,
    config: SpeedConfig,
    *,
    n_targets: int = 1,
    peers: Mapping[str, MakePeer] | None = None,
    device: torch.device | None = None,
    on_step: OnStep = lambda: None,
) -> SpeedFigures:
    """Measure whole steps, learning included, then the stages in a pass of their own.

    Args:
        tracker: starts on targets 0, 1, ...; what it knew of them is forgotten.
        clip: the frames. Every target is the clip's one, so each costs the same.
        config: how much is measured.
        n_targets: how many are followed at once.
        peers: by name; as many of each as there are targets take turns with ours.
        device: where it tracks, the CPU if None.
        on_step: see `SpeedConfig.count_steps`.
    """
    device = device or torch.device("cpu")
    ours = _Ours(tracker, clip, n_targets, device)
    ours.start(0)  # libraries choose their ways and buffers before the clock runs
    _reset_peaks(device)
    turns = {OURS: ours.turn}
    rivals = {
        name: [make() for _ in range(n_targets)] for name, make in (peers or {}).items()
    }
    for name, each in rivals.items():
        turns[name] = _Turn(each[0].prepare, _track_all(each))
    blocks: dict[str, list[list[float]]] = {name: [] for name in turns}
    first_boxes, corrections = [], []
    for _ in range(config.repeats):
        for target_id in range(n_targets):
            first_boxes.append(ours.start(target_id))
            on_step()
        ours.place_all()
        ours.turn.step(clip.at(1))  # the first frame with all of them
        for each in rivals.values():
            for peer in each:
                peer.start(peer.prepare(clip.at(0)), clip.box_xywh)
        found = _take_turns(turns, clip, config, on_step)
        for name, times in found.items():
            blocks[name] += times
        corrections.append(ours.correct(config.frames + 1))
        on_step()
    kept, n_lost = tracker.memory_nbytes, ours.n_lost
    memory = MemoryUse(kept, read_peak_rss(), _read_device_peak(device))
    stages = {}
    if config.staged_frames:
        stages = _measure_stages(ours, clip, config.staged_frames, on_step)
    return SpeedFigures(
        track=_join(blocks[OURS]),
        first_box=Timings(tuple(first_boxes)),
        correction=Timings(tuple(corrections)),
        stages=stages,
        memory=memory,
        n_lost=n_lost,
        peers={name: _compare(blocks[OURS], blocks[name]) for name in rivals},
    )


@dataclass(frozen=True)
class _Turn:
    """What takes turns."""

    prepare: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    step: Callable[[NDArray[np.uint8]], object]
    wait: Callable[[], None] = lambda: None
    """Until the device has done what it was told."""


class _Ours:
    """Our tracker with its targets, and how its steps are timed."""

    def __init__(
        self,
        tracker: MultiTracker[int],
        clip: Clip,
        n_targets: int,
        device: torch.device,
    ) -> None:
        self.tracker = tracker
        self.device = device
        self.n_lost = 0
        self.turn = _Turn(lambda frame: frame, self._track, self.wait)
        self._clip = clip
        self.ids = tuple(range(n_targets))
        self._last: dict[int, TrackResult] = {}

    def start(self, target_id: int) -> float:
        """Seconds from `init` until the next frame's box is there."""
        self.wait()
        start = time.perf_counter()
        self.tracker.init(target_id, self._clip.at(0), self._clip.box_xywh)
        self.tracker.track(self._clip.at(1), [target_id])
        self.wait()
        return time.perf_counter() - start

    def correct(self, number: int) -> float:
        """Seconds from `correct` in frame `number` until the next box is there.

        The box is the one that was found last: what it costs is the same.
        """
        box = self._last[0].box_xywh
        if min(box[2:]) < MIN_SIDE_PX:
            box = self._clip.box_xywh
        self.wait()
        start = time.perf_counter()
        self.tracker.correct(0, self._clip.at(number), box)
        self.tracker.track(self._clip.at(number + 1), [0])
        self.wait()
        return time.perf_counter() - start

    def place_all(self) -> None:
        """Search all targets where the clip begins."""
        for target_id in self.ids:
            self.tracker.place(target_id, self._clip.box_xywh)

    def wait(self) -> None:
        """Until the device has done what it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()

    def _track(self, frame: NDArray[np.uint8]) -> None:
        self._last = self.tracker.track(frame, self.ids)
        self.n_lost += sum(
            result.verdict is Verdict.LOST for result in self._last.values()
        )


def _track_all(peers: Sequence[Peer]) -> Callable[[NDArray[np.uint8]], object]:
    return lambda frame: [peer.track(frame) for peer in peers]


def _take_turns(
    turns: Mapping[str, _Turn], clip: Clip, config: SpeedConfig, on_step: OnStep
) -> dict[str, list[list[float]]]:
    """Seconds of each frame, by name and block; who begins changes each time."""
    seconds: dict[str, list[list[float]]] = {name: [] for name in turns}
    order = list(turns)
    for start in range(0, config.frames, config.block):
        numbers = range(start, min(start + config.block, config.frames))
        frames = [clip.at(2 + number) for number in numbers]
        for name in order:
            seconds[name].append(
                _time_block(
                    turns[name], frames, on_step if name == OURS else lambda: None
                )
            )
        order.reverse()
    return seconds


def _time_block(
    turn: _Turn, frames: Sequence[NDArray[np.uint8]], on_step: OnStep
) -> list[float]:
    """Seconds of each frame; what the device does longer counts for the last one."""
    seconds = []
    ready = [turn.prepare(frame) for frame in frames]
    turn.wait()
    for frame in ready:
        start = time.perf_counter()
        turn.step(frame)
        seconds.append(time.perf_counter() - start)
        on_step()
    start = time.perf_counter()
    turn.wait()
    seconds[-1] += time.perf_counter() - start
    return seconds


def _join(blocks: Sequence[Sequence[float]]) -> Timings:
    return Timings(tuple(value for block in blocks for value in block))


def _compare(
    ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]]
) -> PeerTimes:
    ratios = [sum(b) / sum(a) for a, b in zip(ours, theirs, strict=True)]
    low, high = (float(value) for value in np.percentile(ratios, [25, 75]))
    joined = _join(theirs)
    return PeerTimes(joined, joined.mean_s / _join(ours).mean_s, (low, high))


def _measure_stages(
    ours: _Ours, clip: Clip, n_frames: int, on_step: OnStep
) -> dict[str, float]:
    """Mean of each stage over some frames, and of reading a frame, if that is known."""
    turn, total_s = ours.turn, 0.0
    ours.place_all()
    with time_stages() as seconds:
        for number in range(n_frames):
            total_s += sum(_time_block(turn, [clip.at(1 + number)], on_step))
    stages = {name: s * 1e3 / n_frames for name, s in seconds.items()}
    beside = stages["learning"] if ours.device.type == "cpu" else 0.0
    in_turn_ms = sum(stages.values()) - beside
    stages["other"] = max(total_s * 1e3 / n_frames - in_turn_ms, 0.0)
    if clip.decode is None:
        return stages
    return {"decode": clip.decode.mean_s * 1e3, **stages}


# --- a long pass -----------------------------------------------------------------


@dataclass(frozen=True)
class LongBlock:
    """A twentieth of a long pass."""

    last_frame: int
    """Frames tracked by its end."""
    mean_ms: float
    rss: int | None
    """Bytes that the process holds at its end; None where the system does not tell."""
    tracker: int
    """Bytes of feature maps kept at its end."""


def measure_long(
    tracker: MultiTracker[int],
    clip: Clip,
    n_frames: int,
    *,
    device: torch.device | None = None,
    on_step: OnStep = lambda: None,
) -> tuple[LongBlock, ...]:
    """Follow one target through many frames; its cost should not grow.

    Args:
        tracker: starts on target 0.
        clip: run back and forth.
        n_frames: to be tracked, at least `N_BLOCKS`.
        device: where it tracks, the CPU if None.
        on_step: called `n_frames` times.

    Raises:
        ConfigError: too few frames.
    """
    if n_frames < N_BLOCKS:
        raise ConfigError(
            f"A long pass has at least {N_BLOCKS} frames, got {n_frames}."
        )
    ours = _Ours(tracker, clip, 1, device or torch.device("cpu"))
    ours.start(0)
    borders = [round(n_frames * part / N_BLOCKS) for part in range(N_BLOCKS + 1)]
    blocks = []
    for first, last in itertools.pairwise(borders):
        seconds = [
            _time_block(ours.turn, [clip.at(2 + number)], on_step)[0]
            for number in range(first, last)
        ]
        mean_ms = float(np.mean(seconds)) * 1e3
        kept = ours.tracker.memory_nbytes
        blocks.append(LongBlock(last, round(mean_ms, 3), read_rss(), kept))
    return tuple(blocks)


def draw_long(passes: Mapping[str, Sequence[LongBlock]]) -> Figure:
    """Draw the time of a frame and the memory along long passes, by name.

    Save the figure with `savefig`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 6), layout="constrained")
    time_axes, memory_axes = figure.subplots(2, 1, sharex=True)
    for name, blocks in passes.items():
        frames = [block.last_frame for block in blocks]
        time_axes.plot(frames, [block.mean_ms for block in blocks], "o-", label=name)
        held = [np.nan if b.rss is None else b.rss / _MIB for b in blocks]
        memory_axes.plot(frames, held, "o-", label=name)
    time_axes.set_ylabel("mean of a frame, ms")
    memory_axes.set(xlabel="frames tracked", ylabel="memory of the process, MiB")
    for axes in (time_axes, memory_axes):
        top = axes.dataLim.y1
        axes.set_ylim(0, 1.1 * top if np.isfinite(top) and top > 0 else 1)
    time_axes.legend()
    return figure


# --- the machine -----------------------------------------------------------------


@contextlib.contextmanager
def use_threads(count: int | None) -> Iterator[None]:
    """Let torch, and OpenCV if it is loaded, use so many threads; None changes nothing.

    What was set before comes back at the end.
    """
    if count is None:
        yield
        return
    cv2: Any = sys.modules.get("cv2")
    before = torch.get_num_threads()
    cv2_before = None if cv2 is None else cv2.getNumThreads()
    torch.set_num_threads(count)
    if cv2 is not None:
        cv2.setNumThreads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if cv2 is not None:
            cv2.setNumThreads(cv2_before)


def read_rss() -> int | None:
    """Bytes that the process holds now; None where there is no /proc."""
    return _read_status("VmRSS")


def read_peak_rss() -> int | None:
    """Most bytes that the process held at once; since `_reset_peaks` on Linux."""
    peak = _read_status("VmHWM")
    if peak is not None:
        return peak
    try:
        import resource
    except ImportError:  # Windows
        return None
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def _reset_peaks(device: torch.device) -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def _read_device_peak(device: torch.device) -> int | None:
    if device.type != "cuda":
        return None
    return int(torch.cuda.max_memory_allocated(device))


def _read_status(name: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None
