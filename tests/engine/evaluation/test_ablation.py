from __future__ import annotations

import json

import pytest

from fcot_engine.config import TrackerConfig
from fcot_engine.errors import ConfigError
from fcot_engine.evaluation import (
    TABLES,
    AblationRow,
    AblationTable,
    choose_tables,
    count_runs,
    run_ablation,
)

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
