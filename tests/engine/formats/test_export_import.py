from __future__ import annotations

import errno
import os

import pytest

from fcot_engine.annotation import Annotations, Box, Origin, TargetInfo
from fcot_engine.atomic_write import StagedFiles
from fcot_engine.errors import ExportError, TrackFileError
from fcot_engine.formats import FORMATS, READERS, export_tracks, read_tracks


class TestExport:
    def test_mot_and_coco_by_default(self, tmp_path, annotations, source):
        written = export_tracks(tmp_path, annotations, source)
        assert tmp_path / "mot" / "fake" / "gt" / "gt.txt" in written
        assert tmp_path / "coco" / "annotations" / "instances_fake.json" in written
        assert all(path.is_file() for path in written)

    @pytest.mark.parametrize("name", FORMATS)
    def test_one_format_alone(self, tmp_path, annotations, source, name):
        export_tracks(tmp_path, annotations, source, formats=[f" {name.upper()} "])
        assert [path.name for path in tmp_path.iterdir()] == [name]

    @pytest.mark.parametrize("names", [["mot", "yolo9"], []], ids=["unknown", "none"])
    def test_unknown_format_writes_nothing(self, tmp_path, annotations, source, names):
        with pytest.raises(ExportError, match="choose out of: mot, coco"):
            export_tracks(tmp_path, annotations, source, names)
        assert list(tmp_path.iterdir()) == []

    def test_many_boxes_are_all_written(self, tmp_path, source):
        annotations = Annotations()
        for number in (1, 2):
            boxes = annotations.add(TargetInfo(number, "gull")).boxes
            boxes.put_boxes(
                [Box(n, (1.5, 2.0, 3.0, 4.0), Origin.TRACKED, 0.5) for n in range(2000)]
            )
        source.n_frames = 2000
        written = export_tracks(tmp_path, annotations, source)
        assert len(written[0].read_text().splitlines()) == 4000


@pytest.mark.parametrize("name", FORMATS)
class TestRefusals:
    def test_no_boxes(self, tmp_path, source, name):
        annotations = Annotations()
        annotations.add(TargetInfo(1, "gull"))
        with pytest.raises(ExportError, match="no boxes to export"):
            export_tracks(tmp_path, annotations, source, [name])
        assert list(tmp_path.iterdir()) == []

    def test_box_behind_the_end(self, tmp_path, annotations, source, name):
        annotations[1].boxes.put_box(Box(40, (0, 0, 2, 2), Origin.TRACKED))
        with pytest.raises(ExportError, match="box in frame 40, but fake has only 40"):
            export_tracks(tmp_path, annotations, source, [name])

    def test_full_disk_changes_nothing(
        self, tmp_path, annotations, source, monkeypatch, name
    ):
        (old, *_) = export_tracks(tmp_path / "out", annotations, source, [name])
        old.write_text("old")

        def full(_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(ExportError, match="cannot be written: No space left"):
            export_tracks(tmp_path / "out", annotations, source, [name])
        assert old.read_text() == "old"
        with pytest.raises(ExportError, match="No space left"):
            export_tracks(tmp_path / "new", annotations, source, [name])
        assert [path.name for path in tmp_path.iterdir()] == ["out"]


class TestProof:
    """Exports are read again before they take the place of older files."""

    # a part of the gull's box in frame 1, and what a bad disk makes of it
    DAMAGE = (
        ("mot", "2,1,2.2500,", "2,1,3.2500,"),
        ("coco", "[1.25,0.5,", "[1.35,0.5,"),
        ("coco", '"maker":1', '"maker":2'),
        ("cvat", 'xtl="1.2500"', 'xtl="1.3500"'),
        ("cvat", 'label="seal"', 'label="gull"'),
        ("cvat", ">corrected</attribute>", ">human</attribute>"),
        ("cvat", ">lost</attribute>", ">gap</attribute>"),
        ("cvat", 'frame="9"', 'frame="8"'),
        ("cvat", '<track id="2"', '<track id="4"'),
        ("cvat", 'outside="0" occluded="0"', 'outside="0" occluded="1"'),
        ("yolo", "0 0.3645", "0 0.3945"),
        ("lasot", "1.2500,0.5000", "1.2520,0.5000"),
        ("got10k", "1.2500,0.5000", "1.2520,0.5000"),
        ("mot", "2,1,2.2500,", "????????"),
        ("coco", "[1.25,0.5,", "????????"),
        ("cvat", 'xtl="1.2500"', "????????"),
        ("yolo", "0 0.3645", "????????"),
        ("lasot", "1.2500,0.5000", "????????"),
        ("got10k", "1.2500,0.5000", "????????"),
    )

    @pytest.mark.parametrize(("name", "old", "new"), DAMAGE)
    def test_damage_is_noticed(
        self, tmp_path, annotations, source, monkeypatch, name, old, new
    ):
        write = StagedFiles.write_text
        hits = []

        def write_badly(self, path, text, **settings):
            hits.append(old in text)
            write(self, path, text.replace(old, new), **settings)

        monkeypatch.setattr(StagedFiles, "write_text", write_badly)
        with pytest.raises(ExportError, match=r"they differ: .* Nothing was changed"):
            export_tracks(tmp_path / "out", annotations, source, [name])
        assert any(hits)
        assert list(tmp_path.iterdir()) == []

    def test_a_thousandth_of_a_pixel_is_no_damage(
        self, tmp_path, annotations, source, monkeypatch
    ):
        write = StagedFiles.write_text

        def write_roundly(self, path, text, **settings):
            write(self, path, text.replace("3.3333", "3.3338"), **settings)

        monkeypatch.setattr(StagedFiles, "write_text", write_roundly)
        export_tracks(tmp_path, annotations, source, ["coco", "lasot"])


class TestImport:
    @pytest.fixture
    def written(self, tmp_path, annotations, source):
        export_tracks(tmp_path, annotations, source, READERS)
        return tmp_path

    @pytest.mark.parametrize(
        ("file", "name"),
        [
            ("mot/fake/gt/gt.txt", "mot"),
            ("mot/fake", "mot"),
            ("mot/fake.txt", "mot"),
            ("coco/annotations/instances_fake.json", "coco"),
            ("cvat/fake.xml", "cvat"),
        ],
    )
    def test_format_is_told_by_the_name(self, written, file, name):
        read = read_tracks(written / file)
        assert read.format_name == name and len(read.annotations) == 2
        assert read.path.is_file()

    def test_named_format_counts(self, written):
        path = (written / "cvat/fake.xml").rename(written / "boxes.data")
        assert read_tracks(path, "cvat").format_name == "cvat"

    def test_ending_that_tells_nothing_is_named(self, tmp_path):
        with pytest.raises(TrackFileError, match=r"boxes\.data does not tell its form"):
            read_tracks(tmp_path / "boxes.data")

    def test_unknown_format_is_named(self, tmp_path):
        with pytest.raises(TrackFileError, match=r"no format 'yolo' to .* mot, coco"):
            read_tracks(tmp_path / "a.txt", "yolo")

    def test_pixel_origin_is_handed_on(self, written):
        read = read_tracks(written / "mot/fake.txt", pixel_origin=0)
        assert read.annotations[1].boxes.get(0).box_xywh == (1, 1, 8, 6)
