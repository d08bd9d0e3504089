from __future__ import annotations

import numpy as np
import pytest
import torch

from fcot_engine.config import (
    CheckConfig,
    FactoryConfig,
    FinetuneConfig,
    TrackerConfig,
    TrainingConfig,
    apply_settings,
)
from fcot_engine.errors import TrainingError
from fcot_engine.training import (
    finetune,
    is_used,
    open_adaptation_source,
)
from fcot_engine.training.checkpoint import write_checkpoint

TRAINING = TrainingConfig(
    factory=FactoryConfig(patch_size=64, target_size_px=24.0),
    samples=4,
    batch=2,
    warmup_samples=0,
)
SHORT = CheckConfig(longest_run=3, max_frames=18, min_runs=2)
SMALL = apply_settings(
    TrackerConfig(),
    {
        "search.patch_size": 64,
        "augmentation.box_patch_size": 64,
        "augmentation.box_samples": 2,
        "classification.first_iterations": 1,
        "regression.first_iterations": 2,
    },
)


@pytest.fixture
def fake_runs(monkeypatch):
    """Trackers need not run; whoever is measured later does better by `step`."""

    class Seen(list):
        step = 0.1

    seen = Seen()

    def measure(runs, make_tracker, check):
        seen.append([(run.video.name, run.start, tuple(run.frames)) for run in runs])
        return np.linspace(0.2, 0.4, len(runs)) + seen.step * len(seen)

    monkeypatch.setattr("fcot_engine.training.finetuning.measure_runs", measure)
    return seen


@pytest.fixture
def learned_clips(monkeypatch):
    """Clips that each training learns from."""
    seen = []
    really_open = open_adaptation_source

    def open_source(clips, *args, **options):
        seen.append([clip.folder.name for clip in clips])
        return really_open(clips, *args, **options)

    monkeypatch.setattr(
        "fcot_engine.training.finetuning.open_adaptation_source", open_source
    )
    return seen


@pytest.fixture
def fake_training(monkeypatch):
    """Each training goes one step up from where it begins; the `fails`-th one stops."""

    class Seen(list):
        fails = 0

    seen = Seen()

    def adapt_(network, source, training, config, *, folder, resume, **options):
        seen.append((folder.name, resume))
        with torch.no_grad():
            next(network.parameters()).add_(1.0)
        return ("interrupted" if len(seen) == seen.fails else "samples"), 4

    monkeypatch.setattr("fcot_engine.training.finetuning.adapt_network_", adapt_)
    return seen


@pytest.fixture
def tune(tmp_path, make_square_video, label, make_lite_network):
    """Fine-tune a small random network on short videos."""

    def tune(names, training=TRAINING, *, folder="run", **options):
        videos = [
            label(make_square_video(20, speed=1.0 + i), drawn=(0, 16), name=name)
            for i, name in enumerate(names)
        ]
        torch.manual_seed(0)
        network = make_lite_network()
        before = {k: v.clone() for k, v in network.state_dict().items()}
        found = finetune(
            network,
            videos,
            training,
            FinetuneConfig(check=SHORT),
            SMALL,
            folder=tmp_path / folder,
            **options,
        )
        after = network.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)
        return network, found

    return tune


def same_weights(one, two):
    pairs = zip(one.state_dict().values(), two.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.slow
def test_trackers_with_both_weights_are_compared(tune):
    _, found = tune("ab", force=True)
    assert (found.ending, found.samples) == ("samples", 4)
    assert (found.gain.n_runs, found.gain.n_videos) == (6, 2)
    assert 0 <= found.gain.before <= 1 and 0 <= found.gain.after <= 1


@pytest.mark.parametrize("names", ["a", "ab"])
def test_weights_change_and_those_given_do_not(tune, fake_runs, names):
    network, found = tune(names)
    assert not same_weights(network, found.network)


def test_nothing_to_learn_from_is_refused(tune):
    with pytest.raises(TrainingError, match="nothing to learn from"):
        tune("")


class TestSeveralVideos:
    def test_no_training_of_the_check_sees_what_it_is_judged_on(
        self, tune, fake_runs, fake_training, learned_clips
    ):
        tune("abcd")
        learned = [{name[3:] for name in clips} for clips in learned_clips]
        assert learned == [{"b", "c"}, {"a", "c", "d"}, {"a", "b", "d"}, set("abcd")]
        judged = [{name for name, _, _ in runs} for runs in fake_runs]
        assert judged[::2] == judged[1::2] == [{"a", "d"}, {"b"}, {"c"}]
        assert all(a.isdisjoint(b) for a, b in zip(learned, judged[::2], strict=False))

    def test_whole_videos_are_run_over_and_share_the_frames(
        self, tune, fake_runs, fake_training
    ):
        tune("abcdef")  # 18 frames in all
        counts = {}
        for runs in fake_runs[::2]:
            for name, _, frames in runs:
                counts[name] = counts.get(name, 0) + len(frames)
        assert counts == dict.fromkeys("abcdef", 3)
        starts = {start for runs in fake_runs for _, start, _ in runs}
        assert starts <= {0, 16, 19} and len(starts) > 1

    def test_refusal_spares_the_last_training(
        self, tune, fake_runs, fake_training, tmp_path
    ):
        fake_runs.step = -0.1
        _, found = tune("abc")
        assert [name for name, _ in fake_training] == ["fold-1", "fold-2", "fold-3"]
        assert (found.network, found.ending, found.samples) == (None, "refused", 0)
        assert not found.gain.has_helped

    def test_force_learns_from_all_anyway(self, tune, fake_runs, fake_training):
        fake_runs.step = -0.1
        _, found = tune("ab", force=True)
        assert fake_training[-1][0] == "run"
        assert (found.ending, found.samples) == ("samples", 4)
        assert found.network is not None and not found.gain.has_helped

    def test_interrupted_fold_ends_all(self, tune, fake_runs, fake_training):
        fake_training.fails = 2
        _, found = tune("abc", force=True)
        assert len(fake_training) == 2 and len(fake_runs) == 2
        assert (found.network, found.ending, found.gain) == (None, "interrupted", None)

    def test_interrupted_last_training_gives_no_weights(
        self, tune, fake_runs, fake_training
    ):
        fake_training.fails = 4
        _, found = tune("abc")
        assert (found.network, found.ending) == (None, "interrupted")
        assert found.gain.has_helped

    def test_what_takes_long_is_told(self, tune, fake_runs, fake_training):
        told = []
        tune("abcd", say=told.append)
        assert told[0].startswith("4 trainings: 3 for the check, each without a part")
        assert [line for line in told if line.startswith("Training")] == [
            "Training 1 of 4: without a, d",
            "Training 2 of 4: without b",
            "Training 3 of 4: without c",
            "Training 4 of 4: on all videos",
        ]
        assert any("on videos that were not learned from" in line for line in told)


class TestResume:
    def test_finished_trainings_are_gone_on_from(self, tune, fake_runs, tmp_path):
        _, one = tune("ab")
        log = (tmp_path / "run" / "fold-1" / "log.csv").read_text()
        _, two = tune("ab", resume=True)
        assert (tmp_path / "run" / "fold-1" / "log.csv").read_text() == log
        assert same_weights(one.network, two.network)
        assert fake_runs[:4] == fake_runs[4:]

    def test_refused_weights_are_had_by_force_later(self, tune, fake_runs):
        fake_runs.step = -0.1
        assert tune("ab")[1].network is None
        _, found = tune("ab", resume=True, force=True)
        assert (found.ending, found.samples) == ("samples", 4)

    @pytest.mark.parametrize(
        "names",
        [
            pytest.param("ba", id="other_order"),
            pytest.param("abc", id="one_more"),
            pytest.param("a", id="one_less"),
        ],
    )
    def test_fold_is_not_judged_on_what_it_learned(self, tune, fake_runs, names):
        tune("ab")
        with pytest.raises(TrainingError, match="trained on other data"):
            tune(names, resume=True)

    @pytest.mark.parametrize("place", ["", "fold-2"])
    def test_folder_with_a_checkpoint_is_used(self, tmp_path, place):
        assert not is_used(tmp_path / "run")
        write_checkpoint(tmp_path / "run" / place, {})
        assert is_used(tmp_path / "run")


class TestOneVideo:
    def test_segment_is_held_out(self, tune, fake_runs, fake_training, learned_clips):
        _, found = tune("a")
        assert fake_training == [("run", False)] and learned_clips == [["01-a"]]
        assert fake_runs[0] == fake_runs[1]
        frames = {frame for _, _, way in fake_runs[0] for frame in way}
        assert frames <= set(range(14, 20))
        assert found.gain.has_helped and found.network is not None

    def test_it_speaks_for_this_video_alone(self, tune, fake_runs, fake_training):
        told = []
        _, found = tune("a", say=told.append)
        assert found.gain.n_videos is None
        assert "other frames of this video alone" in told[0]
        assert "on other frames of this video" in found.gain.text

    def test_refusal_gives_no_weights(self, tune, fake_runs, fake_training):
        fake_runs.step = -0.1
        _, found = tune("a")
        assert (found.network, found.ending, found.samples) == (None, "refused", 4)
        _, forced = tune("a", force=True, folder="forced")
        assert forced.network is not None and forced.ending == "samples"
