"""Project files: coming and going, two at once, damage, and their video."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from fcot_engine.annotation import (
    AnnotationSession,
    Document,
    Project,
    SpanKind,
    annotations_to_json,
    edits,
    empty_rows,
    identify_video,
    project_path_for,
    write_project_json,
)
from fcot_engine.errors import (
    EditError,
    MovedVideoError,
    OtherVideoError,
    ProjectError,
    ProjectInUseError,
)
from fcot_engine.video import open_frames

BOX = (5.0, 5.0, 20.0, 10.0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "film.fcot"


@pytest.fixture
def saved(video, shop, path):
    """A project of one target with one box, closed."""
    session = AnnotationSession.create(video, shop, path)
    target = session.edit.add_target("Ann")
    session.edit.draw_box(target, 3, (1.5, 2.25, 30.125, 40))
    session.close()
    return path


@pytest.fixture
def image_folder(tmp_path):
    """A function that writes a folder of small images."""
    image = pytest.importorskip("PIL.Image")

    def write(name, *, n_frames=4, level=0):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for number in range(n_frames):
            pixels = np.full((20, 30, 3), level + number, np.uint8)
            image.fromarray(pixels).save(folder / f"{number:03d}.png")
        return folder

    return write


@pytest.fixture
def encode_video():
    """A function that encodes ten frames; from one on they may be shown slower."""
    av = pytest.importorskip("av")

    def encode(path, *, slow_from=99):
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mpeg4", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for number in range(10):
                pixels = np.full((48, 64, 3), 20 * number, np.uint8)
                frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
                frame.pts = number + max(number - slow_from, 0)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return encode


@pytest.fixture
def reopen(video, shop):
    """A function that opens a project, closed with its video when the test ends."""
    with contextlib.ExitStack() as opened:

        def reopen(path, **options):
            if "video_path" not in options:
                options.setdefault("source", video)
            session = AnnotationSession.open(path, shop, **options)
            opened.callback(session.source.close)
            opened.callback(session.close)
            return session

        yield reopen


class TestComingAndGoing:
    def test_usual_place_is_beside_the_video(self, tmp_path):
        place = project_path_for(tmp_path / "my.film.mp4")
        assert place == tmp_path / "my.film.fcot"

    def test_everything_is_there_again(self, saved, reopen):
        session = reopen(saved)
        assert session.box(1, 3).box_xywh == (1.5, 2.25, 30.125, 40)
        assert session.annotations[1].info.name == "Ann"
        assert session.notes == ()

    def test_undo_reaches_behind_the_opening(self, saved, reopen):
        session = reopen(saved)
        session.edit.undo()
        assert session.box(1, 3) is None
        session.edit.undo()
        assert len(session.annotations) == 0
        assert not session.edit.can_undo

    def test_numbers_of_numpy_can_be_saved(self, saved, reopen):
        session = reopen(saved)
        target = np.int64(1)
        session.edit.draw_box(target, np.int64(9), np.float32(BOX))
        session.edit.pick_peak(target, np.int64(3), (60, 60, 20, 10))
        session.edit.mark_span(target, np.int64(20), np.int64(22), SpanKind.OUT_OF_VIEW)
        new = session.edit.split(target, np.int64(5))
        session.edit.end_target(np.int64(new), np.int64(30))
        session.edit.remove_target(np.int64(1))
        state = annotations_to_json(session.annotations)
        session.close()
        session = reopen(saved)
        assert session.notes == ()
        assert annotations_to_json(session.annotations) == state

    def test_name_that_is_no_text_is_refused(self, saved, reopen):
        session = reopen(saved)
        with pytest.raises(EditError, match="not valid text"):
            session.edit.add_target("half a \ud83d")

    def test_one_file_is_left_behind(self, saved):
        assert list(saved.parent.iterdir()) == [saved]

    def test_old_project_is_not_replaced_unasked(self, saved, video, shop, reopen):
        with pytest.raises(ProjectError, match="already a project"):
            AnnotationSession.create(video, shop, saved)
        AnnotationSession.create(video, shop, saved, replace=True).close()
        session = reopen(saved)
        assert len(session.annotations) == 0

    def test_missing_project_is_named(self, tmp_path, reopen):
        with pytest.raises(ProjectError, match=r"no project .*x\.fcot"):
            reopen(tmp_path / "x.fcot")

    def test_names_that_urls_know_are_file_names(self, tmp_path, video, shop, reopen):
        path = tmp_path / "50% #1 ?ü.fcot"
        AnnotationSession.create(video, shop, path).close()
        assert list(tmp_path.iterdir()) == [path]
        reopen(path).close()

    def test_json_for_people_holds_everything(self, saved, tmp_path, reopen):
        session = reopen(saved)
        project = session.document.project
        written = json.loads(
            write_project_json(tmp_path / "a.json", project).read_text()
        )
        session.close()
        (target,) = written["targets"]
        assert (target["name"], written["video"]["n_frames"]) == ("Ann", 60)
        assert target["boxes"] == [
            {
                "frame_index": 3,
                "box_xywh": [1.5, 2.25, 30.125, 40],
                "origin": "human",
                "score": 1.0,
                "is_lost": False,
            }
        ]
        assert [edit["kind"] for edit in written["edits"]] == ["add_target", "draw_box"]


class TestFirstEdit:
    """`begin` writes nothing before there is something to keep."""

    @pytest.fixture
    def begun(self, video, shop, path):
        session = AnnotationSession.begin(video, shop, path)
        yield session
        session.close()

    def test_looking_and_closing_leaves_no_files(self, begun, path, tmp_path):
        assert begun.project_path == path and not begun.is_saved
        begun.work_list()
        begun.save()
        begun.close()
        assert list(tmp_path.iterdir()) == []

    def test_first_edit_begins_the_project(self, begun, path, reopen):
        annotations = begun.annotations
        target = begun.edit.add_target("Ann")
        assert begun.is_saved and begun.annotations is annotations
        begun.edit.draw_box(target, 3, BOX)
        begun.close()
        session = reopen(path)
        assert (session.project_path, session.is_saved) == (path, True)
        assert session.box(target, 3).box_xywh == BOX
        session.edit.undo()
        session.edit.undo()
        assert not session.edit.can_undo

    def test_refused_edit_begins_nothing(self, begun, tmp_path):
        with pytest.raises(EditError):
            begun.edit.delete_box(1, 0)
        with pytest.raises(EditError, match="nothing to undo"):
            begun.edit.undo()
        assert list(tmp_path.iterdir()) == []

    def test_name_that_is_too_long_is_said(self, video, shop, tmp_path):
        session = AnnotationSession.begin(video, shop, tmp_path / f"{'a' * 250}.fcot")
        with pytest.raises(ProjectError, match="name is too long"):
            session.edit.add_target()
        session.close()

    def test_old_project_is_refused_at_once(self, saved, video, shop):
        with pytest.raises(ProjectError, match="already a project"):
            AnnotationSession.begin(video, shop, saved)

    def test_project_that_came_meanwhile_is_not_overwritten(
        self, begun, video, shop, path, reopen
    ):
        other = AnnotationSession.create(video, shop, path)
        with pytest.raises(ProjectInUseError):
            begun.edit.add_target()
        other.edit.add_target("other")
        other.close()
        with pytest.raises(ProjectError, match="already a project"):
            begun.edit.add_target()
        assert len(begun.annotations) == 0 and not begun.is_saved
        session = reopen(path)
        assert session.annotations[1].info.name == "other"

    def test_missing_folder_refuses_the_edit_and_changes_nothing(
        self, video, shop, tmp_path
    ):
        session = AnnotationSession.begin(video, shop, tmp_path / "gone" / "a.fcot")
        for _ in range(2):
            with pytest.raises(ProjectError, match="folder is not there"):
                session.edit.add_target()
        assert len(session.annotations) == 0
        assert not session.edit.can_undo and not session.is_saved
        (tmp_path / "gone").mkdir()
        session.edit.add_target()
        assert session.is_saved
        session.close()


HOLD = """
import sys
from fcot_engine.annotation import Project
project = Project.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
project.close()
"""


class TestTwoAtOnce:
    @pytest.fixture
    def holder(self, saved):
        """Another process that works on the project."""
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(saved)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout.readline() == "ready\n"
            yield process
            process.kill()

    def test_second_process_is_told_who_has_it(self, saved, holder, reopen):
        with pytest.raises(ProjectInUseError, match="looking only") as caught:
            reopen(saved)
        assert f"process {holder.pid}) since 2" in caught.value.owner

    def test_second_process_may_look(self, saved, holder, reopen):
        session = reopen(saved, read_only=True)
        assert session.box(1, 3) is not None
        assert session.effort_report().n_drawn == 1
        assert "can be looked at, but not changed" in session.notes[0]
        state = annotations_to_json(session.annotations)
        for edit in (session.edit.add_target, session.edit.undo):
            with pytest.raises(ProjectError, match="cannot be changed"):
                edit()
        with pytest.raises(ProjectError, match="cannot be changed"):
            list(session.propagate(3))
        assert annotations_to_json(session.annotations) == state

    def test_project_is_free_when_the_process_ends_well(self, saved, holder, reopen):
        holder.communicate("\n")
        reopen(saved).close()
        assert list(saved.parent.iterdir()) == [saved]

    def test_killed_process_leaves_no_lock(self, saved, holder, reopen):
        holder.kill()
        holder.wait()
        reopen(saved).close()
        assert list(saved.parent.iterdir()) == [saved]

    def test_second_window_of_a_process_is_refused(self, saved, reopen):
        session = reopen(saved)
        for _ in range(2):
            with pytest.raises(ProjectInUseError, match=f"process {os.getpid()}"):
                reopen(saved)
        session.edit.draw_box(1, 9, BOX)
        session.close()
        reopen(saved).close()

    def test_link_leads_to_the_same_project(self, saved, reopen, tmp_path):
        link = tmp_path / "link.fcot"
        link.symlink_to(saved)
        reopen(saved)
        with pytest.raises(ProjectInUseError):
            reopen(link)

    def test_edits_of_others_are_not_overwritten(self, saved, reopen):
        session = reopen(saved)
        saved.with_name(f".{saved.name}.lock").unlink()  # somebody cleaned up
        other = reopen(saved)
        other.edit.draw_box(1, 8, BOX)
        other.close()
        with pytest.raises(ProjectError, match="changed by another program"):
            session.edit.draw_box(1, 9, BOX)
        assert session.box(1, 9) is None
        session.close()
        session = reopen(saved)
        assert session.box(1, 8) is not None


class TestNotWritable:
    """A mark on the folder or file stands for permissions, which root does not feel."""

    @pytest.fixture(params=["file", "folder"])
    def locked_up(self, saved, request, monkeypatch):
        real = sqlite3.connect
        name = saved.name if request.param == "file" else f".{saved.name}.lock"

        def connect(address, **options):
            if f"/{name}?" in address:
                # SQLite opens what it may not write to for reading
                address = address.replace("mode=rwc", "mode=rw")
                address = address.replace("mode=rw", "mode=ro")
            return real(address, **options)

        monkeypatch.setattr("sqlite3.connect", connect)
        return saved

    def test_it_is_opened_for_looking(self, locked_up, reopen):
        session = reopen(locked_up)
        assert session.box(1, 3) is not None
        assert "but not changed" in session.notes[0]
        assert "folder of your own" in session.notes[0]
        with pytest.raises(ProjectError, match="cannot be changed"):
            session.edit.draw_box(1, 9, BOX)
        session.close()
        assert list(locked_up.parent.iterdir()) == [locked_up]

    def test_file_that_may_not_be_read_is_said(self, saved, monkeypatch):
        real = sqlite3.connect

        def refuse(address, **options):
            if address == ":memory:":
                return real(address, **options)
            raise sqlite3.OperationalError("unable to open database file")

        def copyfile(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("sqlite3.connect", refuse)
        monkeypatch.setattr("shutil.copyfile", copyfile)
        with pytest.raises(ProjectError, match="you may not read it"):
            Project.open(saved, read_only=True)

    def test_full_disk_leaves_no_lock_behind(self, saved, monkeypatch):
        class FullDisk(sqlite3.Connection):
            def execute(self, sql, *values):
                if sql == "COMMIT":
                    super().execute("ROLLBACK")  # as SQLite does
                    error = sqlite3.OperationalError("database or disk is full")
                    error.sqlite_errorname = "SQLITE_FULL"
                    raise error
                return super().execute(sql, *values)

        real = sqlite3.connect
        monkeypatch.setattr(
            "sqlite3.connect", lambda *a, **k: real(*a, **k, factory=FullDisk)
        )
        with pytest.raises(ProjectError, match="the disk is full"):
            Project.open(saved)
        assert list(saved.parent.iterdir()) == [saved]


class TestDamage:
    @pytest.fixture
    def worked(self, path, video):
        """A project of three targets and some thousand boxes, and what is in it."""
        document = Document(Project.create(path, identify_video(video)))
        rng = np.random.default_rng(0)
        for target in (1, 2, 3):
            document.do(edits.add_target(document.annotations))
            rows = empty_rows(60)
            rows["origin"], rows["score"] = 3, rng.random(60)
            rows["box"] = rng.random((60, 4)) * 50 + 1
            found = {target: (np.arange(60), rows)}
            run = edits.put_found(document.annotations, found, kind="run", text="r")
            document.add_found(target, run, write_every_s=0.0)
            document.do(edits.draw_box(document.annotations, target, 9, BOX))
        state = annotations_to_json(document.annotations)
        document.close()
        return path, state

    @pytest.mark.parametrize("way", ["flip", "zeros", "cut"])
    @pytest.mark.parametrize("seed", range(12))
    def test_note_tells_truly_what_is_left(self, worked, way, seed):
        path, state = worked
        before = path.read_bytes()
        path.write_bytes(damage(before, way, random.Random(seed)))
        project = open_or_say_why(path)
        if project is None:
            return
        found = annotations_to_json(project.annotations)
        if not project.notes:
            assert found == state
        else:
            n_boxes = sum(len(target["boxes"]) for target in found["targets"])
            n_edits = sum(1 for _ in project.edits())
            assert f"{len(found['targets'])} of 3 targets" in project.notes[0]
            assert f"{n_boxes} of 180 boxes" in project.notes[0]
            assert f"{n_edits} of 9 edits" in project.notes[0]
            assert path.with_name("film.fcot.damaged").exists()
        document = Document(project)
        while document.can_undo:
            try:
                document.undo()
            except ProjectError:
                assert not project.notes  # an edit is read when it is taken back
                break
        document.close()
        reopened = Project.open(path)
        assert reopened.notes == ()
        reopened.close()

    def test_lost_boxes_come_back_from_the_edits(self, worked):
        path, state = worked
        run_sql(path, "DELETE FROM boxes WHERE key > 2 * 16777216")
        project = Project.open(path)
        assert annotations_to_json(project.annotations) == state
        assert "180 of 180 boxes, 9 of 9 edits" in project.notes[0]
        project.close()

    def test_boxes_outlive_lost_edits(self, worked):
        path, state = worked
        run_sql(path, "UPDATE edits SET data = x'00' WHERE id = 7")
        project = Project.open(path)
        assert annotations_to_json(project.annotations) == state
        assert project.notes == ()  # an edit is read when it is taken back
        document = Document(project)
        document.undo()
        document.undo()
        with pytest.raises(ProjectError, match="damaged there"):
            document.undo()
        document.close()

    @pytest.mark.parametrize("column", ["at", "kind", "text"])
    def test_text_that_is_none_hides_nothing_else(self, worked, column):
        path, state = worked
        run_sql(path, f"UPDATE edits SET {column} = CAST(x'68ff' AS TEXT) WHERE id = 9")
        run_sql(path, "DELETE FROM boxes WHERE key > 2 * 16777216")
        project = Project.open(path)
        assert "3 of 3 targets" in project.notes[0]
        assert "180 of 180 boxes, 9 of 9 edits" in project.notes[0]
        assert annotations_to_json(project.annotations) == state
        project.close()

    def test_damaged_text_of_an_edit_is_said(self, worked):
        path, _ = worked
        run_sql(path, "UPDATE edits SET by = CAST(x'68ff' AS TEXT) WHERE id = 9")
        document = Document(Project.open(path))
        with pytest.raises(ProjectError, match="damaged there"):
            document.undo()
        document.close()

    def test_first_tables_outlive_the_last_ones(self, path, video):
        document = Document(Project.create(path, identify_video(video)))
        document.do(edits.add_target(document.annotations))
        document.do(edits.draw_box(document.annotations, 1, 9, BOX))
        document.close()
        path.write_bytes(path.read_bytes()[: 5 * 4096])  # the sixth page has the edits
        project = Project.open(path)
        assert "1 of 1 targets, 1 of 1 boxes, 0 of 2 edits" in project.notes[0]
        project.close()

    def test_lost_target_and_edits_leave_the_other_targets(self, worked):
        path, state = worked
        run_sql(path, "DELETE FROM targets WHERE id = 2")
        run_sql(path, "DELETE FROM edits WHERE id = 2")
        project = Project.open(path)
        found = annotations_to_json(project.annotations)["targets"]
        assert found == [state["targets"][0], state["targets"][2]]
        assert "2 of 3 targets, 120 of 180 boxes, 0 of 9 edits" in project.notes[0]
        assert not project.can_undo
        project.close()

    def test_damaged_project_can_be_looked_at_and_stays_as_it_is(self, worked):
        path, state = worked
        run_sql(path, "DELETE FROM boxes")
        before = path.read_bytes()
        project = Project.open(path, read_only=True)
        assert annotations_to_json(project.annotations) == state
        assert "was damaged" in project.notes[1]
        project.close()
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"a film, not a project " * 999, id="other_file"),
        ],
    )
    def test_file_that_is_no_project_is_refused_and_kept(self, path, content):
        path.write_bytes(content)
        for read_only in (False, True):
            with pytest.raises(ProjectError, match="is no project, or it is damaged"):
                Project.open(path, read_only=read_only)
        assert path.read_bytes() == content
        assert list(path.parent.iterdir()) == [path]

    def test_database_of_another_program_is_refused_and_kept(self, path):
        run_sql(path, "CREATE TABLE targets (id)")
        with pytest.raises(ProjectError, match="is no project"):
            Project.open(path)
        assert list(path.parent.iterdir()) == [path]

    def test_newer_version_is_refused(self, saved):
        run_sql(saved, "PRAGMA user_version = 99")
        for read_only in (False, True):
            with pytest.raises(ProjectError, match=r"newer version .*format 99"):
                Project.open(saved, read_only=read_only)


def open_or_say_why(path):
    before = path.read_bytes()
    try:
        return Project.open(path)
    except ProjectError as error:
        reason = str(error)
    assert "Restore a copy" in reason or "newer version" in reason
    assert path.read_bytes() == before
    return None


def run_sql(path, statement):
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def damage(data, way, rng):
    """Flip a bit, or overwrite or cut off what lies behind some place."""
    data = bytearray(data)
    place = rng.randrange(len(data))
    if way == "cut":
        return data[:place]
    if way == "flip":
        data[place] ^= 1 << rng.randrange(8)
    else:
        end = min(place + rng.randrange(1, 5000), len(data))
        data[place:end] = bytes(end - place)
    return data


class TestVideo:
    def test_project_finds_its_video(self, image_folder, shop, path, reopen):
        folder = image_folder("images")
        self.annotate(folder, shop, path)
        session = reopen(path, source=None)
        assert len(session.source) == 4
        assert session.box(1, 0) is not None

    def test_moved_video_is_asked_for(self, image_folder, shop, path, tmp_path, reopen):
        folder = image_folder("images/deep")
        self.annotate(folder, shop, path)
        moved = tmp_path / "elsewhere" / "deep"
        moved.parent.mkdir()
        shutil.move(folder, moved)
        with pytest.raises(MovedVideoError, match="no longer at") as caught:
            reopen(path, source=None)
        assert caught.value.video_path == str(folder)
        reopen(path, video_path=moved).close()
        reopen(path, source=None)  # the new place was noted

    def test_video_beside_a_moved_project_is_found(
        self, image_folder, shop, path, reopen
    ):
        folder = image_folder("a/images")
        project_path = folder.parent / "film.fcot"
        self.annotate(folder, shop, project_path)
        moved = folder.parent.rename(path.parent / "b")
        for looks_only in (True, False):
            reopen(moved / "film.fcot", source=None, read_only=looks_only).close()

    def test_other_video_is_refused_with_the_reasons(
        self, image_folder, shop, path, reopen
    ):
        self.annotate(image_folder("images"), shop, path)
        other = image_folder("other", n_frames=5)
        with pytest.raises(OtherVideoError, match="5 frames, not 4") as caught:
            reopen(path, video_path=other)
        assert any("bytes" in reason for reason in caught.value.reasons)
        reopen(path, source=None)  # nothing was locked or changed

    def test_video_of_the_same_size_with_other_content_is_refused(self, tmp_path):
        for name, level in (("a.bin", 1), ("b.bin", 2)):
            (tmp_path / name).write_bytes(bytes([level]) * 100)
        first, second = (
            identify_video(FourFrames(), tmp_path / name) for name in ("a.bin", "b.bin")
        )
        assert first.differences(second) == ("its content is another one",)

    def test_renamed_file_is_the_same_video(self, tmp_path):
        (tmp_path / "a.bin").write_bytes(b"video")
        first = identify_video(FourFrames(), tmp_path / "a.bin")
        (tmp_path / "a.bin").rename(tmp_path / "b.bin")
        assert first.differences(identify_video(FourFrames(), tmp_path / "b.bin")) == ()

    def test_frames_shown_at_other_times_are_another_video(self, tmp_path):
        (tmp_path / "a.bin").write_bytes(b"video")
        even = identify_video(FourFrames(), tmp_path / "a.bin")
        uneven = FourFrames(times=np.array([0.0, 0.1, 0.2, 0.4]))
        found = identify_video(uneven, tmp_path / "a.bin")
        assert even.differences(found) == ("its frames are shown at other times",)

    def test_frames_without_a_file_are_known_by_their_pixels(
        self, saved, make_video, reopen
    ):
        class Brighter(make_video):
            def read(self, index):
                return super().read(index) + np.uint8(1)

        with pytest.raises(OtherVideoError, match="content"):
            reopen(saved, source=Brighter())

    def test_frames_without_a_file_must_be_given(self, saved, reopen):
        with pytest.raises(MovedVideoError, match="not a file"):
            reopen(saved, source=None)

    def test_video_file_is_known_by_the_times_of_its_frames(
        self, encode_video, shop, path, tmp_path, reopen
    ):
        film = encode_video(tmp_path / "film.mp4")
        self.annotate(film, shop, path)
        session = reopen(path, source=None)
        assert session.document.project.video.times_hash is not None
        session.close()
        encode_video(film, slow_from=5)
        with pytest.raises(OtherVideoError, match="shown at other times"):
            reopen(path, source=None)

    @staticmethod
    def annotate(folder, shop, path):
        source = open_frames(folder)
        session = AnnotationSession.create(source, shop, path, video_path=folder)
        session.edit.draw_box(session.edit.add_target(), 0, (1, 1, 10, 10))
        session.close()
        source.close()


class FourFrames:
    name, width, height, frame_rate = "four", 8, 8, 25.0

    def __init__(self, times=None):
        self.frame_times_s = np.arange(4) / 10 if times is None else times

    def __len__(self):
        return 4
