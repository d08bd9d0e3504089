from __future__ import annotations

import pytest

from fcot_engine.config import TrackerConfig, apply_settings
from fcot_engine.errors import ConfigError
from fcot_engine.evaluation import TABLES, Ablation, choose_tables

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
