from __future__ import annotations

import os

import pytest

from fcot_engine.annotation.journal import Journal, read_journal
from fcot_engine.errors import ProjectError

RECORDS = [("do", b'{"a":1}'), ("undo", b"{}"), ("do", b'{"text":"frame 7"}')]


def write_records(path, records=RECORDS):
    journal = Journal(path)
    for kind, payload in records:
        journal.append(kind, payload)
    journal.close()
    return path


def ends_of_lines(data):
    return [place + 1 for place, byte in enumerate(data) if byte == ord("\n")]


class TestReading:
    def test_records_come_back(self, tmp_path):
        contents = read_journal(write_records(tmp_path / "j"))
        assert [tuple(record) for record in contents.records] == RECORDS
        assert contents.lost_bytes == 0

    def test_empty_file_has_no_records(self, tmp_path):
        (tmp_path / "j").write_bytes(b"")
        assert read_journal(tmp_path / "j").records == []

    def test_missing_file_is_named(self, tmp_path):
        with pytest.raises(ProjectError, match="journal j cannot be read"):
            read_journal(tmp_path / "j")

    def test_file_cut_anywhere_gives_all_complete_records(self, tmp_path):
        data = write_records(tmp_path / "j").read_bytes()
        ends = ends_of_lines(data)
        for length in range(len(data)):
            (tmp_path / "cut").write_bytes(data[:length])
            contents = read_journal(tmp_path / "cut")
            complete = [end for end in ends if end <= length]
            assert len(contents.records) == len(complete)
            assert contents.good_bytes == (complete[-1] if complete else 0)
            assert contents.good_bytes + contents.lost_bytes == length

    def test_any_changed_byte_ends_the_reading_before_it(self, tmp_path):
        data = write_records(tmp_path / "j").read_bytes()
        ends = ends_of_lines(data)
        for place in range(len(data)):
            changed = bytearray(data)
            changed[place] ^= 0x15
            (tmp_path / "changed").write_bytes(changed)
            n_good = len(read_journal(tmp_path / "changed").records)
            assert n_good == sum(end <= place for end in ends)

    def test_left_out_line_is_noticed(self, tmp_path):
        lines = write_records(tmp_path / "j").read_bytes().splitlines(keepends=True)
        (tmp_path / "j").write_bytes(lines[0] + lines[2])
        assert len(read_journal(tmp_path / "j").records) == 1

    def test_line_written_twice_is_noticed(self, tmp_path):
        lines = write_records(tmp_path / "j").read_bytes().splitlines(keepends=True)
        (tmp_path / "j").write_bytes(lines[0] + lines[0])
        assert len(read_journal(tmp_path / "j").records) == 1

    def test_blocks_of_zeros_after_a_power_cut_are_left_out(self, tmp_path):
        path = write_records(tmp_path / "j")
        path.write_bytes(path.read_bytes() + bytes(4096))
        contents = read_journal(path)
        assert len(contents.records) == 3
        assert contents.lost_bytes == 4096


class TestWriting:
    def test_goes_on_behind_a_torn_line(self, tmp_path):
        path = write_records(tmp_path / "j")
        path.write_bytes(path.read_bytes()[:-5])
        journal = Journal(path, contents=read_journal(path))
        journal.append("redo", b"{}")
        journal.close()
        kinds = [record.kind for record in read_journal(path).records]
        assert kinds == ["do", "undo", "redo"]
        assert list(tmp_path.glob("*.damaged")) == []

    def test_copy_is_kept_when_more_than_a_torn_line_is_lost(self, tmp_path):
        path = write_records(tmp_path / "j")
        data = bytearray(path.read_bytes())
        data[3] ^= 1
        path.write_bytes(data)
        Journal(path, contents=read_journal(path)).close()
        assert (tmp_path / "j.damaged").read_bytes() == bytes(data)
        assert path.read_bytes() == b""

    def test_new_journal_replaces_an_old_file(self, tmp_path):
        write_records(tmp_path / "j")
        write_records(tmp_path / "j", RECORDS[:1])
        assert len(read_journal(tmp_path / "j").records) == 1

    def test_failed_write_leaves_the_file_as_it_was(self, tmp_path, monkeypatch):
        path = tmp_path / "j"
        journal = Journal(path)
        journal.append("do", b"{}")
        write = os.write

        def fill_the_disk(handle, data):
            write(handle, bytes(data)[:4])
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", fill_the_disk)
            with pytest.raises(ProjectError, match="No space left on device"):
                journal.append("do", b'{"lost":1}')
        journal.append("undo", b"{}")
        journal.close()
        contents = read_journal(path)
        assert [record.kind for record in contents.records] == ["do", "undo"]
        assert contents.lost_bytes == 0

    def test_folder_that_is_missing_is_named(self, tmp_path):
        with pytest.raises(ProjectError, match="cannot be saved"):
            Journal(tmp_path / "missing" / "j")
