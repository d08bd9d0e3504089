from __future__ import annotations

import configparser

import numpy as np
import pytest
from PIL import Image

from fcot_engine.annotation import SpanKind
from fcot_engine.evaluation import load_sequence
from fcot_engine.formats import write_got10k, write_lasot


@pytest.fixture
def marked(annotations, mark):
    """The gull has boxes in 0 and 1, is lost in 2, and hidden in 1 and 4."""
    hidden = [(1, 1, SpanKind.OCCLUDED), (4, 4, SpanKind.OCCLUDED)]
    mark(annotations[1], *hidden, (5, 7, SpanKind.OUT_OF_VIEW))
    return annotations


def flags(path, separator):
    text = path.read_text()
    assert text.endswith("\n") and text.count("\n") == (1 if separator == "," else 40)
    return [int(value) for value in text.strip().split(separator)]


def frames_of(values):
    return [index for index, value in enumerate(values) if value]


class TestLasot:
    def test_each_target_has_a_folder_in_that_of_its_class(
        self, tmp_path, marked, source
    ):
        write_lasot(tmp_path, marked, source)
        folders = {path.parent for path in tmp_path.rglob("groundtruth.txt")}
        assert folders == {tmp_path / "gull/gull-1", tmp_path / "seal/seal-2"}

    def test_truth_has_a_line_for_each_frame(self, tmp_path, marked, source):
        write_lasot(tmp_path, marked, source)
        truth = np.loadtxt(tmp_path / "gull/gull-1/groundtruth.txt", delimiter=",")
        assert truth.shape == (40, 4)
        np.testing.assert_allclose(truth[1], [1.25, 0.5, 3.3333, 2], atol=1e-3)
        assert not truth[2:].any()  # lost in 2, no boxes after it

    def test_frames_without_a_box_are_out_of_view(self, tmp_path, marked, source):
        write_lasot(tmp_path, marked, source)
        absent = flags(tmp_path / "gull/gull-1/out_of_view.txt", ",")
        assert frames_of(absent) == list(range(2, 40))

    def test_hidden_frames_with_a_box_are_occluded(self, tmp_path, marked, source):
        write_lasot(tmp_path, marked, source)
        hidden = flags(tmp_path / "gull/gull-1/full_occlusion.txt", ",")
        assert len(hidden) == 40 and frames_of(hidden) == [1]

    def test_evaluation_reads_it(self, tmp_path, marked, source):
        write_lasot(tmp_path, marked, source)
        folder = tmp_path / "gull/gull-1"
        (folder / "img").mkdir()
        for index in range(40):
            Image.new("RGB", (8, 6)).save(folder / "img" / source.file_name(index))
        sequence = load_sequence(folder)
        assert len(sequence) == 40
        np.testing.assert_allclose(sequence.truth_xywh[0], [0, 0, 8, 6])


class TestGot10k:
    def test_list_names_every_sequence(self, tmp_path, marked, source):
        write_got10k(tmp_path, marked, source)
        names = (tmp_path / "list.txt").read_text().split()
        assert names == ["fake_000001", "fake_000002"]
        for name in names:
            assert {path.name for path in (tmp_path / name).iterdir()} == {
                *("groundtruth.txt", "absence.label", "cover.label"),
                *("cut_by_image.label", "meta_info.ini"),
            }

    def test_labels_have_a_line_for_each_frame(self, tmp_path, marked, source):
        write_got10k(tmp_path, marked, source)
        folder = tmp_path / "fake_000001"
        assert frames_of(flags(folder / "absence.label", "\n")) == list(range(2, 40))
        assert flags(folder / "cover.label", "\n")[:3] == [8, 0, 0]
        assert frames_of(flags(folder / "cut_by_image.label", "\n")) == [0]

    def test_information_is_where_readers_count_lines(self, tmp_path, marked, source):
        write_got10k(tmp_path, marked, source)
        path = tmp_path / "fake_000001" / "meta_info.ini"
        lines = path.read_text().splitlines()
        assert lines[0] == "[METAINFO]" and lines[5] == "object_class: gull"
        parser = configparser.ConfigParser()
        parser.read(path)
        assert parser["METAINFO"]["resolution"] == "(8, 6)"
        assert parser["METAINFO"]["anno_fps"] == "25Hz"
        maker = "fcot 0.1.0 lite lite.safetensors sha256:0123456789ab"
        assert parser["METAINFO"]["annotated_by"] == maker
