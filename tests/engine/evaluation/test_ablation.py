from __future__ import annotations

import json

import pytest
import torch

from fcot_engine.config import TrackerConfig, apply_settings
from fcot_engine.errors import ConfigError
from fcot_engine.evaluation import (
    TABLES,
    AblatedNet,
    Ablation,
    AblationRow,
    AblationTable,
    choose_tables,
    count_runs,
    run_ablation,
)
from fcot_engine.model import load_network
from fcot_engine.tracker import default_weights

TABLE = AblationTable(
    "T",
    "Three rows, two settings",
    ("Part", "Type"),
    (
        AblationRow(("", "none"), {"regression.online_update": "off"}),
        AblationRow(("x", "same")),
        AblationRow(("", "again"), {"regression.online_update": "off"}),
    ),
)


@pytest.fixture
def run(root, perfect, still):
    """Runs the table with a tracker that is good with the default settings alone."""
    made = []

    def make(settings, ablation):
        made.append((dict(settings), ablation))
        return still() if settings else perfect()

    def run(tables=(TABLE,), **options):
        facts = {"preset": "none", "weights": "no"}
        return run_ablation(
            root, tables, make, base=TrackerConfig(), facts=facts, **options
        )

    run.made = made
    return run


class TestRunAblation:
    def test_rows_get_the_figures_of_their_settings(self, run):
        report = run()
        off, same, again = (report.find_run(row) for row in TABLE.rows)
        assert same.mean.auc == pytest.approx(20 / 21)
        assert off.mean.auc < 0.7
        assert again is off

    def test_equal_settings_are_run_once(self, run):
        report = run()
        assert len(report.runs) == 2
        assert len(run.made) == 2 * 2  # two settings, two sequences

    def test_row_equal_to_the_base_is_not_run_again(self, run):
        row = AblationRow(("x", "default"), {"regression.online_update": "rmg"})
        table = AblationTable("B", "", TABLE.columns, (*TABLE.rows, row))
        assert len(run([table]).runs) == 2

    def test_twenty_runs_make_the_papers_tables(self):
        rows = sum(len(table.rows) for table in TABLES)
        assert (rows, count_runs(TABLES, TrackerConfig())) == (31, 20)
        assert count_runs(choose_tables("II"), TrackerConfig()) == 4

    def test_only_first_frames_and_named_sequences(self, run):
        report = run(sequences=["slow"], max_frames=3)
        for done in report.runs:
            assert [(s.name, s.n_frames) for s in done.scores] == [("slow", 3)]

    def test_told_after_each_run(self, run):
        counts = []
        run(on_run=lambda report: counts.append(len(report.runs)))
        assert counts == [1, 2]

    def test_progress_names_row_and_sequence(self, run):
        told = []
        run(on_progress=lambda title, total: told.append((title, total)))
        assert told[0] == ("1/2 T.1 fast", 24) and told[-1] == ("2/2 T.2 slow", 24)
        assert len(told) == 24

    def test_interruption_leaves_complete_runs(self, run):
        complete = []

        def stop(title, total):
            if title.startswith("2/2"):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(on_run=complete.append, on_progress=stop)
        (report,) = complete
        rows = [report.find_run(row) for row in TABLE.rows]
        assert [done is not None for done in rows] == [True, False, True]
        assert report.to_text().splitlines()[4].split() == ["x", "same", "-", "-", "-"]

    def test_too_few_frames_are_refused(self, run):
        with pytest.raises(ConfigError, match="At least 2 frames"):
            run(max_frames=1)


class TestReport:
    def test_table_looks_like_the_papers(self, run):
        lines = run().to_text().splitlines()
        assert lines[0] == "Table T. Three rows, two settings"
        assert lines[1].split() == ["Part", "Type", "AUC", "P20", "SR50"]
        assert lines[4].split() == ["x", "same", "0.952", "1.000", "1.000"]
        assert lines[3].split()[1:] == lines[5].split()[1:]

    def test_weights_and_preset_are_named(self, run):
        text = run().to_text()
        assert "preset: none, weights: no" in text
        assert "not trained for the rows" in text

    def test_json_has_settings_and_scores_of_each_row(self, run):
        document = json.loads(run().to_json())
        assert document["preset"] == "none"
        (table,) = document["tables"]
        first = table["rows"][0]
        assert first["settings"] == {"regression.online_update": "off"}
        assert [s["name"] for s in first["sequences"]] == ["fast", "slow"]
        mean = sum(s["auc"] for s in first["sequences"]) / 2
        assert first["mean"]["auc"] == pytest.approx(mean)


BASE = TrackerConfig()


def configs(name):
    (table,) = choose_tables(name)
    return [
        (apply_settings(BASE, row.find_settings(BASE)), row.ablation)
        for row in table.rows
    ]


class TestTables:
    def test_shape_is_the_papers(self):
        shapes = [(t.name, len(t.columns), len(t.rows)) for t in TABLES]
        assert shapes == [("I", 4, 5), ("II", 3, 4), ("III", 2, 11), ("IV", 1, 11)]

    def test_each_row_has_a_cell_a_column(self):
        for table in TABLES:
            assert {len(row.cells) for row in table.rows} == {len(table.columns)}

    def test_whole_method_is_the_preset(self):
        assert configs("I")[-1] == configs("II")[-1] == (BASE, Ablation())

    def test_table_1_without_online_part_ends_where_table_2_begins(self):
        assert configs("I")[3] == configs("II")[0]

    def test_static_model_alone_is_in_three_tables(self):
        assert configs("II")[1] == configs("III")[0] == configs("IV")[0]

    def test_online_model_alone_is_in_three_tables(self):
        assert configs("II")[2] == configs("III")[-1] == configs("IV")[-1]

    def test_rows_of_one_table_differ(self):
        for table in TABLES:
            rows = configs(table.name)
            assert len(set(rows)) == len(rows)

    def test_table_1_goes_to_finer_maps(self):
        found = [
            (a.regression_stride, a.fine_stride, c.localisation.fine_weight)
            for c, a in configs("I")
        ]
        both = BASE.localisation.fine_weight
        assert found == [(16, 4, 0), (8, 4, 0), (8, 8, both), *2 * [(4, 4, both)]]
        assert configs("I")[0][0].localisation.coarse_weight == pytest.approx(1)

    def test_table_3_pairs_both_updates_at_each_share(self):
        pairs = [
            (c.regression.blend, c.regression.online_update)
            for c, _ in configs("III")[1:]
        ]
        assert pairs == [
            (share, update)
            for share in (0.2, 0.4, 0.6, 0.8, 1.0)
            for update in ("trad", "rmg")
        ]

    def test_table_4_has_every_tenth(self):
        shares = [c.regression.blend for c, _ in configs("IV")[1:]]
        assert shares == pytest.approx([i / 10 for i in range(1, 11)])


class TestChooseTables:
    def test_case_does_not_matter(self):
        assert choose_tables("iii") == (TABLES[2],)
        assert choose_tables("ALL") == TABLES

    def test_unknown_name_lists_the_known_ones(self):
        with pytest.raises(ConfigError, match=r"no ablation table 'V'.*I, II, III, IV"):
            choose_tables("V")


PATCH = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def network():
    return load_network(default_weights("lite"))


@pytest.fixture(scope="module")
def extract(network):
    @torch.inference_mode()
    def extract(**strides):
        return AblatedNet(network, Ablation(**strides)).extract(PATCH)

    return extract


def different_maps(features, other):
    return {
        name
        for name, a, b in zip(features._fields, features, other, strict=True)
        if a is not None and not torch.equal(a, b)
    }


class TestAblatedNet:
    def test_default_changes_nothing(self, network, extract):
        with torch.inference_mode():
            assert not different_maps(network.extract(PATCH), extract())

    def test_fine_stride_touches_the_fine_classifier_alone(self, extract):
        assert different_maps(extract(), extract(fine_stride=8)) == {"fine"}

    @pytest.mark.parametrize("stride", [8, 16])
    def test_regression_stride_touches_all_that_regression_reads(self, extract, stride):
        touched = different_maps(extract(), extract(regression_stride=stride))
        assert touched == {"regression", "decoder", "fixed"}

    def test_cells_of_a_block_have_their_mean(self, extract):
        before, after = extract().fine, extract(fine_stride=8).fine
        assert before.shape == after.shape
        expected = before[0, :, :2, :2].mean((-2, -1))
        torch.testing.assert_close(after[0, :, 0, 0], expected)
        assert torch.equal(after[..., ::2, ::2], after[..., 1::2, 1::2])
