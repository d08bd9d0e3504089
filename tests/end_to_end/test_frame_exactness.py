"""Frame numbers are exact: every frame carries its number as black and white blocks.

The clips are made with FFmpeg through PyAV. 0 wrong frames are allowed in 200 random
reads, a pass forward and a pass backward of each of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from fcot_engine.video import open_frames

av = pytest.importorskip("av")

N_FRAMES = 240
GRID = 4  # the number is 16 bits in 4x4 blocks
BLOCK_H, BLOCK_W = 16, 24
CUT = 37  # trimmed clips begin here, in the middle of a group of pictures

RATE = Fraction(25)
X264 = {"preset": "veryfast", "crf": "23", "sc_threshold": "0"}


def paint_number(number: int) -> np.ndarray:
    bits = [number >> k & 1 for k in range(GRID * GRID)]
    cells = np.array(bits, np.uint8).reshape(GRID, GRID) * 200 + 20
    gray = np.kron(cells, np.ones((BLOCK_H, BLOCK_W), np.uint8))
    return np.repeat(gray[..., None], 3, axis=-1)


def read_number(frame: np.ndarray) -> int:
    rows = np.arange(GRID) * BLOCK_H + BLOCK_H // 2
    columns = np.arange(GRID) * BLOCK_W + BLOCK_W // 2
    bits = frame[np.ix_(rows, columns)][..., 1].reshape(-1) > 120
    return sum(int(bit) << k for k, bit in enumerate(bits))


def write_clip(
    path: Path,
    codec: str,
    options: dict[str, str],
    *,
    times: Iterable[int] | None = None,
    pix_fmt: str = "yuv420p",
) -> Path:
    """Encode the numbers 0..239; `times` are in thousandths of a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=options)
        stream.width, stream.height = GRID * BLOCK_W, GRID * BLOCK_H
        stream.pix_fmt = pix_fmt
        base = Fraction(1, 25) if times is None else Fraction(1, 1000)
        stream.codec_context.time_base = base
        for number, time in enumerate(times or range(N_FRAMES)):
            frame = av.VideoFrame.from_ndarray(paint_number(number), "rgb24")
            frame.pts, frame.time_base = time, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def copy_packets(
    source: Path,
    target: Path,
    *,
    shift: int = 0,
    skip: int = 0,
    last: int | None = None,
) -> Path:
    """Copy a stream without encoding, `shift` frames earlier, from packet `skip` on."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        ticks = round(shift / (RATE * old.streams.video[0].time_base))
        for ordinal, packet in enumerate(old.demux(video=0)):
            if packet.dts is None or ordinal < skip or (last and ordinal > last):
                continue
            packet.pts -= ticks
            packet.dts -= ticks
            packet.stream = stream
            new.mux(packet)
    return target


def uneven_times() -> list[int]:
    gaps = np.random.default_rng(3).choice([10, 17, 33, 40, 250], N_FRAMES)
    return [int(time) for time in np.cumsum(gaps)]


def constant_rate(folder: Path) -> Path:
    return write_clip(folder / "a.mp4", "libx264", {**X264, "bf": "0", "g": "30"})


def b_frames(folder: Path) -> Path:
    options = {**X264, "bf": "3", "b-pyramid": "normal", "g": "60"}
    return write_clip(folder / "a.mp4", "libx264", options)


def one_long_group(folder: Path) -> Path:
    return write_clip(folder / "a.mov", "libx264", {**X264, "bf": "3", "g": "1000"})


def open_groups(folder: Path) -> Path:
    params = "open-gop=1:keyint=27:bframes=3:b-adapt=0:b-pyramid=normal"
    return write_clip(folder / "a.mp4", "libx264", {**X264, "x264-params": params})


def open_groups_hevc(folder: Path) -> Path:
    params = "open-gop=1:bframes=4:keyint=25:log-level=none"
    options = {"preset": "ultrafast", "x265-params": params}
    return write_clip(folder / "a.mkv", "libx265", options)


def rolling_refresh(folder: Path) -> Path:
    params = "intra-refresh=1:keyint=30:bframes=0"
    return write_clip(folder / "a.mkv", "libx264", {**X264, "x264-params": params})


def variable_rate(folder: Path) -> Path:
    options = {**X264, "bf": "2", "g": "50"}
    return write_clip(folder / "a.mp4", "libx264", options, times=uneven_times())


def variable_rate_mkv(folder: Path) -> Path:
    options = {**X264, "bf": "2", "g": "50"}
    return write_clip(folder / "a.mkv", "libx264", options, times=uneven_times())


def mjpeg_avi(folder: Path) -> Path:
    return write_clip(folder / "a.avi", "mjpeg", {}, pix_fmt="yuvj420p")


def mpeg4_avi(folder: Path) -> Path:
    return write_clip(folder / "a.avi", "mpeg4", {"bf": "2", "g": "24", "b": "800k"})


def h264_avi(folder: Path) -> Path:
    return write_clip(folder / "a.avi", "libx264", {**X264, "bf": "3", "g": "30"})


def mpeg_ts(folder: Path) -> Path:
    return write_clip(folder / "a.ts", "libx264", {**X264, "bf": "3", "g": "30"})


def mpeg_ps(folder: Path) -> Path:
    options = {"bf": "2", "g": "15", "b": "900k"}
    return write_clip(folder / "a.mpg", "mpeg2video", options)


def vp8_webm(folder: Path) -> Path:
    options = {"auto-alt-ref": "1", "lag-in-frames": "16", "deadline": "realtime"}
    return write_clip(folder / "a.webm", "libvpx", {**options, "g": "60"})


def vp9_webm(folder: Path) -> Path:
    options = {"auto-alt-ref": "1", "lag-in-frames": "16", "cpu-used": "8", "g": "60"}
    return write_clip(folder / "a.webm", "libvpx-vp9", {**options, "b": "300k"})


def trimmed_mp4(folder: Path) -> Path:
    """As `ffmpeg -ss ... -c copy`: an edit list hides the packets before the cut."""
    source = b_frames(folder)
    return copy_packets(source, folder / "trimmed.mp4", shift=CUT)


def trimmed_mkv(folder: Path) -> Path:
    """Begins at a keyframe of open groups: frames led by lost ones are in the file."""
    source = open_groups(folder)
    return copy_packets(source, folder / "trimmed.mkv", shift=106, skip=106)


def trimmed_ts(folder: Path) -> Path:
    """Begins in the middle of a group: the first packets cannot be decoded."""
    source = b_frames(folder)
    return copy_packets(source, folder / "trimmed.ts", skip=CUT)


CLIPS: dict[str, tuple[Callable[[Path], Path], int]] = {
    clip.__name__: (clip, first_number)
    for clip, first_number in (
        (constant_rate, 0),
        (b_frames, 0),
        (one_long_group, 0),
        (open_groups, 0),
        (open_groups_hevc, 0),
        (rolling_refresh, 0),
        (variable_rate, 0),
        (variable_rate_mkv, 0),
        (mjpeg_avi, 0),
        (mpeg4_avi, 0),
        (h264_avi, 0),
        (mpeg_ts, 0),
        (mpeg_ps, 0),
        (vp8_webm, 0),
        (vp9_webm, 0),
        (trimmed_mp4, CUT),
        (trimmed_mkv, 108),  # 106 and 107 came before the cut's first keyframe
        (trimmed_ts, 60),  # the first keyframe after the cut
    )
}


@dataclass
class Clip:
    name: str
    path: Path
    first_number: int
    frames: list[np.ndarray]  # decoded in one pass by PyAV alone


@pytest.fixture(scope="module", params=CLIPS)
def clip(request, tmp_path_factory):
    make, first_number = CLIPS[request.param]
    path = make(tmp_path_factory.mktemp("clip"))
    with av.open(str(path)) as container:
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]
    return Clip(request.param, path, first_number, frames)


@pytest.fixture
def source(clip):
    # A cache of 20 frames: most reads below have to be decoded.
    source = open_frames(clip.path, cache_bytes=20 * clip.frames[0].nbytes)
    yield source
    source.close()


def test_frames_are_counted_and_numbered_in_order(clip, source):
    numbers = [read_number(source.read(index)) for index in range(len(source))]
    assert numbers == list(range(clip.first_number, N_FRAMES))


def test_200_random_reads_give_the_right_frame(clip, source):
    indices = np.random.default_rng(0).integers(0, len(source), 200)
    wrong = [int(i) for i in indices if not is_frame(source, clip, int(i))]
    assert wrong == []


def test_playing_backward_gives_the_right_frames(clip, source):
    backward = reversed(range(len(source)))
    assert [i for i in backward if not is_frame(source, clip, i)] == []


def is_frame(source, clip, index: int) -> bool:
    """The right number, and every pixel as when decoded from the start."""
    frame = source.read(index)
    is_right = read_number(frame) == clip.first_number + index
    return is_right and np.array_equal(frame, clip.frames[index])


def packet_facts(path: Path) -> list[tuple[int | None, bool, bool]]:
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    return [(p.pts, p.is_keyframe, p.is_discard) for p in packets]


class TestClipsHoldTheirTraps:
    """Encoders ignore options at times; then the tests above would prove nothing."""

    @pytest.mark.parametrize("make", [b_frames, one_long_group, mpeg4_avi, mpeg_ts])
    def test_frames_are_stored_out_of_order(self, make, tmp_path):
        times = [pts for pts, _, _ in packet_facts(make(tmp_path))]
        assert times != sorted(times)

    @pytest.mark.parametrize("make", [open_groups, open_groups_hevc, trimmed_mkv])
    def test_frames_lead_a_keyframe(self, make, tmp_path):
        facts = packet_facts(make(tmp_path))
        pairs = itertools.pairwise(facts)
        assert any(key and after[0] < pts for (pts, key, _), after in pairs)

    @pytest.mark.parametrize("make", [variable_rate, variable_rate_mkv])
    def test_rate_varies(self, make, tmp_path):
        times = sorted(pts for pts, _, _ in packet_facts(make(tmp_path)))
        assert len(set(np.diff(times).tolist())) > 3

    def test_rolling_refresh_has_keyframes_that_are_none(self, tmp_path):
        with av.open(str(rolling_refresh(tmp_path))) as container:
            kinds = [frame.pict_type for frame in container.decode(video=0)]
        assert sum(key for _, key, _ in packet_facts(tmp_path / "a.mkv")) > 1
        assert kinds.count(av.video.frame.PictureType.I) == 1

    def test_h264_in_avi_claims_that_frames_are_shown_as_stored(self, tmp_path):
        with av.open(str(h264_avi(tmp_path))) as container:
            kinds = [frame.pict_type for frame in container.decode(video=0)]
        times = [pts for pts, _, _ in packet_facts(tmp_path / "a.avi")]
        assert av.video.frame.PictureType.B in kinds  # so they are not
        assert times == sorted(times)

    def test_trimmed_mp4_hides_packets(self, tmp_path):
        hidden = [discard for _, _, discard in packet_facts(trimmed_mp4(tmp_path))]
        assert sum(hidden) == CUT

    def test_trimmed_ts_begins_without_a_keyframe(self, tmp_path):
        assert not packet_facts(trimmed_ts(tmp_path))[0][1]
