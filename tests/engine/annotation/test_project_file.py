from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from fcot_engine.annotation import (
    AnnotationSession,
    Project,
    identify_video,
    project_path_for,
)
from fcot_engine.annotation.edit_text import encode_annotations
from fcot_engine.errors import MovedVideoError, OtherVideoError, ProjectError
from fcot_engine.video import open_frames


@pytest.fixture
def path(tmp_path):
    return tmp_path / "film.fcot.json"


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


def reopen(path, video, shop):
    return AnnotationSession.open(path, shop, source=video)


def journals(path):
    return sorted(file.name for file in path.parent.glob("*.journal"))


class TestComingAndGoing:
    def test_usual_place_is_beside_the_video(self, tmp_path):
        place = project_path_for(tmp_path / "my.film.mp4")
        assert place == tmp_path / "my.film.fcot.json"

    def test_everything_is_there_again(self, saved, video, shop):
        session = reopen(saved, video, shop)
        assert session.box(1, 3).box_xywh == (1.5, 2.25, 30.125, 40)
        assert session.annotations[1].info.name == "Ann"
        assert session.notes == ()
        session.close()

    def test_undo_reaches_behind_the_opening(self, saved, video, shop):
        session = reopen(saved, video, shop)
        session.edit.undo()
        assert session.box(1, 3) is None
        session.edit.undo()
        assert len(session.annotations) == 0
        assert not session.edit.can_undo
        session.close()

    def test_redo_reaches_behind_the_opening(self, saved, video, shop):
        session = reopen(saved, video, shop)
        session.edit.undo()
        session.close()
        session = reopen(saved, video, shop)
        session.edit.redo()
        assert session.box(1, 3) is not None
        session.close()

    def test_edits_are_there_without_saving(self, saved, video, shop):
        session = reopen(saved, video, shop)
        session.edit.draw_box(1, 9, (5, 5, 10, 10))
        session.document.project.abandon()  # as a crash would
        session = reopen(saved, video, shop)
        assert session.box(1, 9) is not None
        session.close()

    def test_old_project_is_not_replaced_unasked(self, saved, video, shop):
        with pytest.raises(ProjectError, match="already a project"):
            AnnotationSession.create(video, shop, saved)
        AnnotationSession.create(video, shop, saved, replace=True).close()
        session = reopen(saved, video, shop)
        assert len(session.annotations) == 0
        session.close()

    def test_second_window_is_refused(self, saved, video, shop):
        session = reopen(saved, video, shop)
        with pytest.raises(ProjectError, match="open in another window"):
            reopen(saved, video, shop)
        session.close()
        reopen(saved, video, shop).close()

    def test_missing_project_is_named(self, tmp_path, shop, video):
        with pytest.raises(ProjectError, match=r"no project .*x\.fcot\.json"):
            reopen(tmp_path / "x.fcot.json", video, shop)

    def test_saving_leaves_one_journal(self, saved, video, shop):
        session = reopen(saved, video, shop)
        session.save()
        session.save()
        assert len(journals(saved)) == 1
        session.close()

    def test_project_moved_with_its_files_opens(self, saved, video, shop, tmp_path):
        (tmp_path / "new").mkdir()
        for file in list(tmp_path.glob("film*")):
            shutil.move(file, tmp_path / "new" / file.name)
        session = reopen(tmp_path / "new" / saved.name, video, shop)
        assert session.box(1, 3) is not None
        session.close()


class TestDamage:
    def test_project_without_its_journal_opens_with_a_note(self, saved, video, shop):
        (saved.parent / journals(saved)[0]).unlink()
        session = reopen(saved, video, shop)
        assert session.box(1, 3) is not None
        assert "is missing" in session.notes[0]
        session.close()
        assert reopen(saved, video, shop).notes == ()

    def test_torn_journal_opens_with_a_note(self, saved, video, shop):
        session = reopen(saved, video, shop)
        session.edit.draw_box(1, 9, (5, 5, 10, 10))
        session.edit.draw_box(1, 10, (5, 5, 10, 10))
        session.document.project.abandon()
        journal = saved.parent / journals(saved)[0]
        journal.write_bytes(journal.read_bytes()[:-20])
        session = reopen(saved, video, shop)
        assert session.box(1, 9) is not None and session.box(1, 10) is None
        assert "up to the last finished edit" in session.notes[0]
        session.close()

    def test_crash_between_new_journal_and_new_project_file(self, saved, video, shop):
        session = reopen(saved, video, shop)
        session.edit.draw_box(1, 9, (5, 5, 10, 10))
        session.document.project.abandon()
        orphan = saved.parent / "film.fcot.99.journal"
        shutil.copy(saved.parent / journals(saved)[0], orphan)
        lines = orphan.read_bytes().splitlines(keepends=True)
        orphan.write_bytes(lines[0])
        session = reopen(saved, video, shop)
        assert session.box(1, 9) is not None
        assert session.notes == ()
        session.close()
        assert not orphan.exists()

    def test_older_copy_does_not_destroy_later_edits(
        self, saved, video, shop, tmp_path
    ):
        older = tmp_path / "older"
        shutil.copy(saved, older)
        session = reopen(saved, video, shop)
        session.save()
        session.edit.draw_box(1, 9, (5, 5, 10, 10))
        session.document.project.abandon()
        later = saved.parent / journals(saved)[0]
        newer = saved.read_bytes()
        shutil.copy(older, saved)
        session = reopen(saved, video, shop)
        assert any("older copy" in note for note in session.notes)
        session.close()
        assert later.exists()
        saved.write_bytes(newer)
        session = reopen(saved, video, shop)
        assert session.box(1, 9) is not None
        session.close()

    def test_journal_of_another_project_is_refused(self, saved, video, shop, tmp_path):
        other = tmp_path / "other.fcot.json"
        AnnotationSession.create(video, shop, other).close()
        shutil.copy(
            tmp_path / "other.fcot.2.journal", saved.parent / journals(saved)[0]
        )
        with pytest.raises(ProjectError, match="belongs to another project"):
            reopen(saved, video, shop)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            pytest.param("{", "no project, or it is damaged", id="half_a_file"),
            pytest.param("[]", "not a project", id="other_json"),
            pytest.param('{"format":"fcot-project"}', "another version", id="version"),
            pytest.param(
                '{"format":"fcot-project","version":1}', "is damaged", id="empty"
            ),
        ],
    )
    def test_file_that_is_no_project_is_refused(
        self, saved, video, shop, text, message
    ):
        saved.write_text(text)
        with pytest.raises(ProjectError, match=message):
            reopen(saved, video, shop)

    def test_boxes_of_an_unknown_origin_are_refused(self, saved, video, shop):
        written = json.loads(saved.read_text())
        written["annotations"]["targets"][0]["boxes"]["origin"] = 9
        saved.write_text(json.dumps(written))
        with pytest.raises(ProjectError, match="unknown origin"):
            reopen(saved, video, shop)

    def test_save_that_fails_keeps_the_project_usable(
        self, saved, video, shop, monkeypatch
    ):
        session = reopen(saved, video, shop)
        session.edit.draw_box(1, 9, (5, 5, 10, 10))
        before = saved.read_bytes()

        def refuse(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("pathlib.Path.replace", refuse)
            with pytest.raises(ProjectError, match="No space left"):
                session.save()
        assert saved.read_bytes() == before
        session.edit.draw_box(1, 10, (5, 5, 10, 10))
        session.document.project.abandon()
        session = reopen(saved, video, shop)
        assert session.box(1, 10) is not None
        session.close()

    def test_edit_that_cannot_be_written_changes_nothing(
        self, saved, video, shop, monkeypatch
    ):
        session = reopen(saved, video, shop)
        state = encode_annotations(session.annotations)

        def refuse(*_):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("os.write", refuse)
            with pytest.raises(ProjectError):
                session.edit.draw_box(1, 9, (5, 5, 10, 10))
            with pytest.raises(ProjectError):
                session.edit.undo()
        assert encode_annotations(session.annotations) == state
        session.edit.draw_box(1, 10, (5, 5, 10, 10))
        session.close()


class TestVideo:
    def test_project_finds_its_video(self, image_folder, shop, path):
        folder = image_folder("images")
        self.annotate(folder, shop, path)
        session = AnnotationSession.open(path, shop)
        assert len(session.source) == 4
        assert session.box(1, 0) is not None
        session.source.close()
        session.close()

    def test_moved_video_is_asked_for(self, image_folder, shop, path, tmp_path):
        folder = image_folder("images/deep")
        self.annotate(folder, shop, path)
        moved = tmp_path / "elsewhere" / "deep"
        moved.parent.mkdir()
        shutil.move(folder, moved)
        with pytest.raises(MovedVideoError, match="no longer at") as caught:
            AnnotationSession.open(path, shop)
        assert caught.value.video_path == str(folder)
        session = AnnotationSession.open(path, shop, video_path=moved)
        session.source.close()
        session.close()
        session = AnnotationSession.open(path, shop)  # the new place was noted
        session.source.close()
        session.close()

    def test_video_beside_a_moved_project_is_found(self, image_folder, shop, path):
        folder = image_folder("a/images")
        project_path = folder.parent / "film.fcot.json"
        self.annotate(folder, shop, project_path)
        moved = folder.parent.rename(path.parent / "b")
        session = AnnotationSession.open(moved / "film.fcot.json", shop)
        session.source.close()
        session.close()

    def test_other_video_is_refused_with_the_reasons(self, image_folder, shop, path):
        self.annotate(image_folder("images"), shop, path)
        other = image_folder("other", n_frames=5)
        with pytest.raises(OtherVideoError, match="5 frames, not 4") as caught:
            AnnotationSession.open(path, shop, video_path=other)
        assert any("bytes" in reason for reason in caught.value.reasons)
        session = AnnotationSession.open(path, shop)  # nothing was locked or changed
        session.source.close()
        session.close()

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
        self, saved, make_video, shop
    ):
        class Brighter(make_video):
            def read(self, index):
                return super().read(index) + np.uint8(1)

        with pytest.raises(OtherVideoError, match="content"):
            AnnotationSession.open(saved, shop, source=Brighter())

    def test_frames_without_a_file_must_be_given(self, saved, shop):
        with pytest.raises(MovedVideoError, match="not a file"):
            AnnotationSession.open(saved, shop)

    def test_video_file_is_known_by_the_times_of_its_frames(
        self, encode_video, shop, path, tmp_path
    ):
        film = encode_video(tmp_path / "film.mp4")
        self.annotate(film, shop, path)
        session = AnnotationSession.open(path, shop)
        assert session.document.project.video.times_hash is not None
        session.source.close()
        session.close()
        encode_video(film, slow_from=5)
        with pytest.raises(OtherVideoError, match="shown at other times"):
            AnnotationSession.open(path, shop)

    def test_project_can_be_read_without_its_video(self, saved):
        project = Project.open(saved)
        assert project.annotations.count_human_boxes() == 1
        project.close()

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
