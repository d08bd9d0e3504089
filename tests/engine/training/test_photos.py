from __future__ import annotations

import gzip
import io
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

from fcot_engine.errors import TrainingError
from fcot_engine.training import PhotoPool, load_photo_pool
from fcot_engine.training._draws import Draws
from fcot_engine.training.photos import TargetChoice


def jpeg(width, height, colour):
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def png_cutout():
    rgba = np.zeros((128, 128, 4), np.uint8)
    rgba[40:90, 30:100] = 255
    stream = io.BytesIO()
    Image.fromarray(rgba).save(stream, "PNG")
    return stream.getvalue()


def write_tar(path, members):
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def write_boxes(path, lines):
    with gzip.open(path, "wt") as stream:
        stream.write("file,x,y,w,h\n" + "".join(f"{line}\n" for line in lines))


@pytest.fixture
def shards(tmp_path):
    write_tar(
        tmp_path / "photos-00.tar",
        {"cats/1.jpg": jpeg(60, 40, "red"), "cats/2.jpg": jpeg(40, 64, "lime")},
    )
    write_tar(tmp_path / "photos-01.tar", {"dogs/1.jpg": jpeg(50, 50, "blue")})
    write_tar(tmp_path / "photos-val.tar", {"dogs/9.jpg": jpeg(50, 50, "white")})
    write_tar(tmp_path / "cutouts.tar", {"cutouts/a.png": png_cutout()})
    write_boxes(
        tmp_path / "boxes.csv.gz",
        ["cats/2.jpg,1,2,20,30", "dogs/1.jpg,5,5,100,20", "cats/2.jpg,0,0,9,9"],
    )
    return tmp_path


class TestShards:
    def test_all_but_validation_are_read(self, shards):
        pool = load_photo_pool(shards)
        assert len(pool) == 3
        assert pool.cutouts.shape == (1, 4, 128, 128)

    def test_number_of_photos_is_kept_to(self, shards):
        assert len(load_photo_pool(shards, max_photos=1)) == 1

    def test_boxes_belong_to_their_photos(self, shards):
        pool = load_photo_pool(shards)
        assert pool.photo_of_box.tolist() == [1, 1, 2]
        assert pool.first_box.tolist() == [0, 0, 2]
        assert pool.n_boxes.tolist() == [0, 2, 1]
        assert pool.boxes_xywh[0].tolist() == [1, 2, 20, 30]

    def test_boxes_are_cut_at_the_photo(self, shards):
        pool = load_photo_pool(shards)
        assert pool.boxes_xywh[2].tolist() == [5, 5, 45, 20]

    def test_missing_table_is_named(self, shards):
        (shards / "boxes.csv.gz").unlink()
        with pytest.raises(TrainingError, match=r"boxes\.csv\.gz is missing"):
            load_photo_pool(shards)

    def test_table_without_columns_is_named(self, shards):
        with gzip.open(shards / "boxes.csv.gz", "wt") as stream:
            stream.write("a,b\n1,2\n")
        with pytest.raises(TrainingError, match="columns file,x,y,w,h"):
            load_photo_pool(shards)

    def test_broken_tar_is_named(self, shards):
        (shards / "photos-00.tar").write_bytes(b"no tar" * 300)
        with pytest.raises(TrainingError, match=r"photos-00\.tar cannot be read"):
            load_photo_pool(shards)

    def test_broken_photo_is_named(self, shards):
        write_tar(shards / "photos-00.tar", {"cats/1.jpg": b"no photo"})
        with pytest.raises(TrainingError, match=r"cats/1\.jpg cannot be decoded"):
            load_photo_pool(shards)


class TestPlainFolder:
    def test_images_are_found_at_any_depth(self, tmp_path):
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "a.jpg").write_bytes(jpeg(60, 40, "red"))
        (tmp_path / "b.jpeg").write_bytes(jpeg(30, 40, "red"))
        (tmp_path / "notes.txt").write_text("nothing")
        pool = load_photo_pool(tmp_path)
        assert len(pool) == 2
        assert not pool.has_real_boxes
        assert pool.n_boxes.tolist() == [1, 1]

    def test_large_photos_are_shrunk(self, tmp_path):
        (tmp_path / "a.jpg").write_bytes(jpeg(1000, 500, "red"))
        pool = load_photo_pool(tmp_path)
        assert pool.sizes_wh.tolist() == [[352, 176]]

    def test_missing_folder_is_named(self, tmp_path):
        with pytest.raises(TrainingError, match="nowhere does not exist"):
            load_photo_pool(tmp_path / "nowhere")

    def test_empty_folder_is_named(self, tmp_path):
        with pytest.raises(TrainingError, match="No photos found"):
            load_photo_pool(tmp_path)


class TestLevels:
    def test_coarser_level_holds_means(self):
        photo = torch.zeros(3, 8, 8, dtype=torch.uint8)
        photo[:, 0, 0], photo[:, 0, 1] = 100, 60
        pool = PhotoPool.from_arrays([photo], [[]])
        assert pool.levels[1][0, 0, 0, 0] == 40

    def test_no_photos_is_an_error(self):
        with pytest.raises(TrainingError, match="at least one photo"):
            PhotoPool.from_arrays([], [])


PHOTO = torch.zeros(3, 100, 100, dtype=torch.uint8)


def draw(boxes, *, plain, n=200):
    pool = PhotoPool.from_arrays([PHOTO] * len(boxes), boxes)
    draw = Draws(torch.Generator().manual_seed(0), torch.device("cpu"))
    return TargetChoice(pool).draw(torch.full((n,), plain), draw)


def test_tiny_and_thin_boxes_are_no_targets():
    rows = [[0.0, 0.0, 8.0, 40.0], [0.0, 0.0, 90.0, 12.0], [5.0, 5.0, 40.0, 30.0]]
    choice = draw([rows], plain=False)
    assert (choice.box_xywh == torch.tensor(rows[2])).all()


def test_boxes_that_fill_the_photo_are_no_plain_pairs():
    rows = [[0.0, 0.0, 100.0, 95.0], [5.0, 5.0, 40.0, 30.0]]
    assert (draw([rows], plain=True).box_xywh[:, 2] == 40).all()
    assert (draw([rows], plain=False).box_xywh[:, 2] == 100).any()


def test_photos_are_drawn_evenly_whatever_their_number_of_boxes():
    box = [5.0, 5.0, 40.0, 30.0]
    choice = draw([[box] * 9, [box]], plain=True, n=1000)
    assert 0.44 < float((choice.photo == 0).float().mean()) < 0.56


def test_boxes_belong_to_the_photo():
    boxes = [[[float(i), 5.0, 40.0, 30.0]] for i in range(5)]
    choice = draw(boxes, plain=True)
    assert torch.equal(choice.box_xywh[:, 0].long(), choice.photo)
    assert torch.equal(choice.other_xywh[:, 0].long(), choice.photo)
