"""Exports are read again before they take the place of older files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fcot_engine.atomic_write import StagedFiles, write_together
from fcot_engine.errors import ExportError
from fcot_engine.formats import FORMATS, export_tracks
from fcot_engine.formats.export_proof import prove_tracks, write_proven
from fcot_engine.session import BoxOrigin, TrackBox, TrackInfo
from fcot_engine.video.buffered_frames import BufferedFrames

# a part of the gull's box in frame 1, and what a bad disk makes of it
DAMAGE = {
    "mot": ("2,1,2.2500,", "2,1,3.2500,"),
    "coco": ("[1.25,0.5,", "[1.35,0.5,"),
    "cvat": ('xtl="1.2500"', 'xtl="1.3500"'),
    "yolo": ("0 0.3645", "0 0.3945"),
    "lasot": ("1.2500,0.5000", "1.2520,0.5000"),
    "got10k": ("1.2500,0.5000", "1.2520,0.5000"),
}


@pytest.mark.parametrize("name", FORMATS)
class TestDamageOnTheWay:
    def damage(self, monkeypatch, old, new):
        write = StagedFiles.write_text
        hits = []

        def write_badly(self, path, text, **settings):
            hits.append(old in text)
            write(self, path, text.replace(old, new), **settings)

        monkeypatch.setattr(StagedFiles, "write_text", write_badly)
        return hits

    def test_moved_box_is_noticed(self, tmp_path, store, decoder, monkeypatch, name):
        hits = self.damage(monkeypatch, *DAMAGE[name])
        source = BufferedFrames(decoder, prefetch=False)
        with pytest.raises(ExportError, match=r"they differ: .* Nothing was changed"):
            export_tracks(tmp_path / "out", store, source, [name])
        assert any(hits)
        assert list(tmp_path.iterdir()) == []

    def test_unreadable_file_is_noticed(
        self, tmp_path, store, decoder, monkeypatch, name
    ):
        hits = self.damage(monkeypatch, DAMAGE[name][0], "?" * 8)
        source = BufferedFrames(decoder, prefetch=False)
        with pytest.raises(ExportError, match="read again they differ"):
            export_tracks(tmp_path / "out", store, source, [name])
        assert any(hits) and list(tmp_path.iterdir()) == []


class TestWriteProven:
    def test_texts_are_written(self, tmp_path):
        texts = {tmp_path / "a.txt": "1\n", tmp_path / "b.txt": "ö\n"}
        with write_together() as files:
            write_proven(files, texts)
        assert {p: p.read_text(encoding="utf-8") for p in tmp_path.iterdir()} == texts

    def test_other_text_on_the_disk_is_noticed(self, tmp_path, monkeypatch):
        monkeypatch.setattr(StagedFiles, "read_back", lambda self, path: "0\n")
        with (
            pytest.raises(ExportError, match=r"a\.txt is not the text"),
            write_together() as files,
        ):
            write_proven(files, {tmp_path / "a.txt": "1\n"})
        assert list(tmp_path.iterdir()) == []


class TestProveTracks:
    @pytest.fixture
    def read(self, store):
        return store.copy()

    def difference(self, store, read, **settings):
        return prove_tracks(store, read, **{"keeps_lost": True, **settings})

    def test_equal_tracks(self, store, read):
        assert self.difference(store, read) is None

    def test_missing_track(self, store, read):
        read.add_track("cup").put(TrackBox(0, (0, 0, 1, 1), BoxOrigin.HUMAN))
        assert self.difference(store, read) == "the ids are [1, 2, 3], not [1, 2]."

    def test_missing_box(self, store, read):
        read[2].remove(9)
        told = "track 2: there is a box in only one of both in frame 9."
        assert self.difference(store, read) == told

    def test_other_class(self, store, read):
        read[2].label = "gull"
        assert "its class is 'gull', not 'seal'" in self.difference(store, read)

    def test_other_origin(self, store, read):
        read[2].remove(1)
        read[2].put(replace(store[2].get(1), origin=BoxOrigin.TRACKED))
        assert "is tracked, not corrected" in self.difference(store, read)
        assert self.difference(store, read, keeps_marks=False) is None

    def test_other_occlusion(self, store, read):
        read[2].info = TrackInfo(occluded=((1, 1),))
        assert "frame 1 is occluded in only one" in self.difference(store, read)

    def test_lost_boxes_count_only_where_they_are_kept(self, store, read):
        read[1].remove(2)
        assert "frame 2" in self.difference(store, read)
        assert self.difference(store, read, keeps_lost=False) is None

    @pytest.mark.parametrize(("shift", "is_same"), [(0.0009, True), (0.0011, False)])
    def test_tolerance_is_a_thousandth_of_a_pixel(self, store, read, shift, is_same):
        x, y, w, h = store[2].get(9).box_xywh
        read[2].put(replace(store[2].get(9), box_xywh=(x, y + shift, w, h)))
        assert (self.difference(store, read) is None) is is_same
