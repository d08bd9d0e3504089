from __future__ import annotations

import numpy as np
import pytest

from fcot_engine.errors import FrameError, VideoError
from fcot_engine.video import list_images, open_frames

Image = pytest.importorskip("PIL.Image")
tifffile = pytest.importorskip("tifffile")


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def flat(value, shape=(8, 9, 3), dtype=np.uint8):
    return np.full(shape, value, dtype)


@pytest.fixture
def folder(tmp_path):
    for number in range(12):
        save(tmp_path / "gulls" / f"frame{number}.png", flat(number))
    return tmp_path / "gulls"


def test_images_are_frames_in_natural_order(folder):
    source = open_frames(folder)
    assert (len(source), source.name, source.width, source.height) == (
        12,
        "gulls",
        9,
        8,
    )
    assert [int(source.read(i).max()) for i in range(12)] == list(range(12))
    assert source.file_name(11) == "frame11.png"
    assert source.frame_rate == 25.0


def test_other_and_hidden_files_are_left_out(folder):
    (folder / "notes.txt").write_text("no image")
    (folder / "._frame1.png").write_bytes(b"left by another system")
    assert len(list_images(folder)) == 12


@pytest.mark.parametrize("inner", ["img", "img1"])
def test_sequence_folders_are_found(tmp_path, inner):
    save(tmp_path / "seq" / inner / "00000001.jpg", flat(7))
    source = open_frames(tmp_path / "seq")
    assert (len(source), source.name, source.file_name(0)) == (1, "seq", "00000001.jpg")


def test_single_image_is_a_video_of_one_frame(tmp_path):
    source = open_frames(save(tmp_path / "gull.png", flat(7)))
    assert (len(source), source.name) == (1, "gull")


@pytest.mark.parametrize(
    ("name", "pixels", "expected"),
    [
        pytest.param("a.png", flat(9, (8, 9)), 9, id="gray"),
        pytest.param("a.png", flat(9, (8, 9, 4)), 9, id="rgba"),
        pytest.param("a.png", flat(9, (8, 9, 2)), 9, id="gray_with_alpha"),
        pytest.param("a.png", flat(True, (8, 9), bool), 255, id="black_and_white"),
        pytest.param("a.bmp", flat(9), 9, id="bmp"),
        pytest.param("a.tif", flat(9), 9, id="tiff"),
        pytest.param("a.tif", flat(0.2, (8, 9), np.float32), 51, id="float_tiff"),
    ],
)
def test_kinds_of_pixels(tmp_path, name, pixels, expected):
    if pixels.ndim == 3 and pixels.shape[-1] == 2:
        Image.frombytes("LA", (9, 8), pixels.tobytes()).save(tmp_path / name)
    else:
        save(tmp_path / name, pixels)
    frame = open_frames(tmp_path).read(0)
    assert frame.shape == (8, 9, 3)
    assert frame.min() == frame.max() == expected


def test_sixteen_bit_images_share_one_range(tmp_path):
    for number in range(3):
        save(tmp_path / f"{number}.png", flat(number * 30000, (8, 9), np.uint16))
    source = open_frames(tmp_path)
    assert [int(source.read(i).max()) for i in range(3)] == [0, 128, 255]


def test_palette_images_become_colours(tmp_path):
    Image.fromarray(flat(255)).convert("P").save(tmp_path / "a.png")
    assert open_frames(tmp_path).read(0).min() == 255


def test_photos_stand_upright(tmp_path):
    image = Image.fromarray(flat(7))
    exif = image.getexif()
    exif[0x0112] = 6  # turned by 90 degrees
    image.save(tmp_path / "a.png", exif=exif)
    source = open_frames(tmp_path)
    assert (source.width, source.height) == (8, 9)
    assert source.read(0).shape == (9, 8, 3)


def test_folder_without_images_is_refused(tmp_path):
    with pytest.raises(VideoError, match="holds no images; expected bmp, jpeg"):
        open_frames(tmp_path)


def test_differing_size_is_refused_with_the_file(folder):
    save(folder / "frame5.png", flat(5, (10, 9, 3)))
    with pytest.raises(VideoError, match=r"frame5\.png has 9x10 pixels"):
        open_frames(folder)


def test_differing_size_that_was_not_looked_at_is_named_when_read(tmp_path):
    for number in range(200):
        save(tmp_path / f"{number}.png", flat(0))
    source = open_frames(tmp_path)
    save(tmp_path / "77.png", flat(0, (10, 9, 3)))
    with pytest.raises(FrameError, match=r"77\.png has 9x10 pixels") as caught:
        source.read(77)
    assert caught.value.frame_index == 77


def test_differing_depth_is_named(tmp_path):
    for number in range(20):
        save(tmp_path / f"{number:02d}.png", flat(0, (8, 9)))
    save(tmp_path / "07.png", flat(0, (8, 9), np.uint16))
    with pytest.raises(FrameError, match=r"07\.png has pixels of type uint16"):
        open_frames(tmp_path).read(7)


def test_broken_image_is_named_and_others_go_on(folder):
    source = open_frames(folder)
    (folder / "frame3.png").write_bytes(b"broken")
    with pytest.raises(FrameError, match=r"frame3\.png cannot be read") as caught:
        source.read(3)
    assert caught.value.frame_index == 3
    assert source.read(4).max() == 4


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_folder_of_broken_images_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"broken")
    with pytest.raises(VideoError, match="cannot be opened"):
        open_frames(tmp_path)


def test_single_pixel_is_refused(tmp_path):
    with pytest.raises(VideoError, match="1x1 pixels"):
        open_frames(save(tmp_path / "a.png", flat(0, (1, 1, 3))))


# --- TIFF files of several pages ------------------------------------------------

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


def test_wide_pixels_of_pages_share_one_range(tmp_path):
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


def test_page_of_one_pixel_is_refused(tmp_path):
    page_by_page(tmp_path / "a.tif", np.zeros((5, 1, 1), np.uint8))
    with pytest.raises(VideoError, match="1x1 pixels"):
        open_frames(tmp_path / "a.tif")
