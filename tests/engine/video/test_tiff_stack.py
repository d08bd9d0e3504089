from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import FrameError, VideoError
from fcot_engine.video import open_frames
from fcot_engine.video.tiff_stack import TiffStack, _MappedFrames

tifffile = pytest.importorskip("tifffile")

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 255, (7, 20, 30), np.uint8)
RGB = RNG.integers(0, 255, (5, 20, 30, 3), np.uint8)
HYPER = RNG.integers(0, 255, (6, 1, 3, 20, 30), np.uint8)  # T, Z, C, Y, X
HYPER_AS_RGB = np.moveaxis(HYPER[:, 0], 1, -1)


def page_by_page(path, frames):
    with tifffile.TiffWriter(path) as writer:
        for frame in frames:
            writer.write(frame, contiguous=False)


WRITERS = {
    "plain": (lambda path: tifffile.imwrite(path, GRAY), GRAY),
    "compressed": (lambda path: tifffile.imwrite(path, GRAY, compression="zlib"), GRAY),
    "page_by_page": (lambda path: page_by_page(path, GRAY), GRAY),
    "big_endian": (lambda path: tifffile.imwrite(path, GRAY, byteorder=">"), GRAY),
    "rgb": (lambda path: tifffile.imwrite(path, RGB, photometric="rgb"), RGB),
    "planar_rgb": (
        lambda path: tifffile.imwrite(
            path, np.moveaxis(RGB, -1, 1), photometric="rgb", planarconfig="separate"
        ),
        RGB,
    ),
    "one_page": (lambda path: tifffile.imwrite(path, GRAY[0]), GRAY[:1]),
    "imagej": (
        lambda path: tifffile.imwrite(
            path, HYPER, imagej=True, metadata={"axes": "TZCYX"}
        ),
        HYPER_AS_RGB,
    ),
    "imagej_compressed": (
        lambda path: tifffile.imwrite(
            path, HYPER, imagej=True, metadata={"axes": "TZCYX"}, compression="zlib"
        ),
        HYPER_AS_RGB,
    ),
    "ome_two_channels": (
        lambda path: tifffile.imwrite(
            path, HYPER[:, 0, :2], ome=True, metadata={"axes": "TCYX"}
        ),
        HYPER[:, 0, 0],
    ),
    "ome_channels_first": (
        lambda path: tifffile.imwrite(
            path,
            HYPER[:, 0].swapaxes(0, 1),
            ome=True,
            metadata={"axes": "CTYX"},
            compression="zlib",
        ),
        HYPER_AS_RGB,
    ),
}


@pytest.mark.parametrize("layout", WRITERS)
def test_pages_are_frames(tmp_path, layout):
    write, expected = WRITERS[layout]
    write(tmp_path / "a.tif")
    source = open_frames(tmp_path / "a.tif")
    assert (len(source), source.width, source.height) == (len(expected), 30, 20)
    for index in reversed(range(len(expected))):
        frame = expected[index]
        frame = frame if frame.ndim == 3 else np.repeat(frame[..., None], 3, -1)
        np.testing.assert_array_equal(source.read(index), frame)
    source.close()


def test_uncompressed_stack_is_mapped_not_loaded(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GRAY)
    stack = TiffStack(tmp_path / "a.tif")
    assert isinstance(stack._frames, _MappedFrames)
    assert isinstance(stack._frames._stack, np.memmap)
    stack.close()


def test_wide_pixels_share_one_range(tmp_path):
    frames = np.zeros((3, 20, 30), np.uint16) + np.array([0, 300, 600])[:, None, None]
    tifffile.imwrite(
        tmp_path / "a.tif", frames.astype(np.uint16), photometric="minisblack"
    )
    source = open_frames(tmp_path / "a.tif")
    assert [int(source.read(i).max()) for i in range(3)] == [0, 128, 255]
    source.close()


def test_several_depths_beside_time_are_refused(tmp_path):
    stack = np.zeros((3, 4, 20, 30), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, metadata={"axes": "TZYX"})
    with pytest.raises(VideoError, match="axis Z of length 4 beside time"):
        open_frames(tmp_path / "a.tif")


def test_page_of_another_size_is_named(tmp_path):
    page_by_page(tmp_path / "a.tif", [GRAY[0], GRAY[1], GRAY[2][:10], GRAY[3]])
    source = open_frames(tmp_path / "a.tif")
    with pytest.raises(FrameError, match=r"Page 2 of a has shape \(10, 30\)"):
        source.read(2)
    assert source.read(3).shape == (20, 30, 3)
    source.close()


def test_truncated_stack_keeps_the_frames_before_the_cut(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as writer:
        for frame in np.repeat(GRAY, 10, axis=0):
            writer.write(frame, contiguous=False, compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[40]
    data = bytearray(path.read_bytes())
    start, length = page.dataoffsets[0], page.databytecounts[0]
    data[start : start + length] = bytes(length)
    path.write_bytes(data)
    source = open_frames(path, prefetch=False)
    np.testing.assert_array_equal(source.read(39)[..., 0], GRAY[3])
    with pytest.raises(FrameError, match=r"Page 40 of a\.tif cannot be read"):
        source.read(40)
    source.close()


@pytest.mark.parametrize(
    "content", [b"garbage", b"II*\0garbage", b"II*\0"], ids=["text", "offset", "cut"]
)
def test_what_is_no_tiff_is_refused(tmp_path, content):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(VideoError, match=r"a\.tif"):
        open_frames(tmp_path / "a.tif")


def test_single_pixel_is_refused(tmp_path):
    page_by_page(tmp_path / "a.tif", np.zeros((5, 1, 1), np.uint8))
    with pytest.raises(VideoError, match="1x1 pixels"):
        open_frames(tmp_path / "a.tif")
