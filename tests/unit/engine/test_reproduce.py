"""The comparison with HiGHS goes from files to a table; here on a system of the same form, small and made up."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from sextant.engine import reproduce
from sextant.engine import rts as files

HOURS = 8_784
BLOCKS = ("Output_pct_0", "Output_pct_1", "Output_pct_2", "Output_pct_3", "Output_pct_4")
RATES = ("HR_avg_0", "HR_incr_1", "HR_incr_2", "HR_incr_3", "HR_incr_4")
HEAD = (
    "GEN UID",
    "Category",
    "Fuel",
    "PMax MW",
    "FOR",
    "Fuel Price $/MMBTU",
    "VOM",
    "Emissions CO2 Lbs/MMBTU",
)


def write(path: Path, rows: Sequence[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(
        tmp_path / "SourceData" / "gen.csv",
        [
            (*HEAD, *BLOCKS, *RATES),
            (
                "C",
                "Coal",
                "Coal",
                100,
                0.1,
                2.1,
                0,
                210,
                0.5,
                0.8,
                1,
                "NA",
                "NA",
                11000,
                9000,
                9500,
                "NA",
                "NA",
            ),
            (
                "G",
                "Gas CC",
                "NG",
                80,
                0.05,
                3.9,
                1,
                118,
                1,
                "NA",
                "NA",
                "NA",
                "NA",
                7200,
                "NA",
                "NA",
                "NA",
                "NA",
            ),
            ("W", "Wind", "Wind", 60, 0, 0, 0, 0, *["NA"] * 10),
            ("S", "Storage", "Storage", 50, 0, 0, 0, 0, *["NA"] * 10),
        ],
    )
    series = tmp_path / "timeseries_data_files"
    when = ("Year", "Month", "Day", "Period")
    for place, name in files.SERIES.items():
        column, values = ("W", range(HOURS)) if place == "WIND" else ("none", [0] * HOURS)
        rows = [(2020, 1, 1, h + 1, (7 * value) % 61) for h, value in enumerate(values)]
        write(series / place / f"DAY_AHEAD_{name}.csv", [(*when, column), *rows])
    load = [(2020, 1, 1, h + 1, 40 + h % 24 * 4, 30 + h % 7) for h in range(HOURS)]
    write(series / "Load" / "DAY_AHEAD_regional_Load.csv", [(*when, "1", "2"), *load])
    return tmp_path


def test_from_files_to_agreement(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Given two thermal units of which one has blocks, and wind
    rts = files.read(folder)
    assert [plant.name for plant in rts.plants] == ["C 2", "C 3", "C 1", "G 1", "W"]
    # When engine and HiGHS compute the year, then they agree, and the table says so.
    chosen = [case for case in files.CASES if case.name == "carbon"]
    assert reproduce.compared(rts, files.system_of(rts), chosen) < reproduce.AGREED
    head, row = capsys.readouterr().out.splitlines()
    assert "HiGHS" in head
    assert row.split()[0] == "carbon"


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reproduce.main(["--rts", str(tmp_path)]) == 2
    assert "DAY_AHEAD_hydro.csv" in capsys.readouterr().err
