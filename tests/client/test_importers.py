"""RTS-GMLC's files, MATPOWER cases and plain CSV as baselines that the engine computes."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from sextant.engine import SimulationRequest, baseline_from_tables, rows_from_csv, simulate
from sextant_client.importers import (
    ImportedBaseline,
    ImportRefusedError,
    from_csv,
    from_matpower,
    from_rts_gmlc,
)

HOURS = 24
CASE = """function mpc = small
mpc.version = '2';  % a comment with [1 2 3]
mpc.baseMVA = 100;
mpc.bus = [
  1 3 50  0 0 0 1 1 0 230 1 1.1 0.9;
  2 1 150 0 0 0 1 1 0 230 1 1.1 0.9;
];
mpc.gen = [
  1 0 0 100 -100 1 100 1 100 10 0 0 0 0 0 0 0 0 0 0 0;
  2 0 0 100 -100 1 100 1 200 0  0 0 0 0 0 0 0 0 0 0 0;
  2 0 0 100 -100 1 100 1 80  0  0 0 0 0 0 0 0 0 0 0 0;
  2 0 0 100 -100 1 100 0 500 0  0 0 0 0 0 0 0 0 0 0 0;
];
mpc.branch = [ 1 2 0.01 0.1 0 0 0 0 0 0 1 -360 360 ];
mpc.gencost = [
  2 1500 0 3 0.05 20 100;
  1 0 0 3 0 0 100 3000 200 7000;
  2 0 0 2 25 0 0;
  2 0 0 2 1 0 0;
];
mpc.genfuel = {'coal'; 'ng'; 'hydro'; 'ng'};
"""


def computed(baseline: ImportedBaseline) -> dict[str, float]:
    """The whole-market results of the baseline's one year, by way of the CSV that an upload would have."""
    tables = {table: rows_from_csv(baseline.csv(table)) for table in baseline.tables}
    system = baseline_from_tables(
        tables["units"],
        tables["load"],
        tables.get("profiles", ()),
        tables.get("prices", ()),
        storage_rows=tables.get("storage", ()),
        **baseline.options,
    )
    result = simulate(SimulationRequest((), system, {"attribution": False}))
    rows = result.rows
    return {str(rows.metric[n]): float(rows.value[n]) for n in range(len(rows.metric)) if not rows.tags(n)}


def rts(folder: Path) -> Path:
    """A system in RTS-GMLC's files: two thermal units, one of two blocks, wind, a battery and a condenser."""
    common = {
        "Category": "Gas CT",
        "Fuel": "NG",
        "Fuel Price $/MMBTU": 4.0,
        "VOM": 0,
        "FOR": 0.0,
        "HR_avg_0": 10_000,
    }
    common |= {
        "Output_pct_0": 1.0,
        "Emissions CO2 Lbs/MMBTU": 118.0,
        "Pump Load MW": 0,
        "Storage Roundtrip Efficiency": 0,
    }
    common |= {f"Output_pct_{k}": "NA" for k in range(1, 5)} | {f"HR_incr_{k}": "NA" for k in range(1, 5)}
    coal = {
        "Category": "Coal",
        "Fuel": "Coal",
        "Fuel Price $/MMBTU": 2.0,
        "Output_pct_0": 0.5,
        "Output_pct_1": 1.0,
    }
    generators = [
        common | {"GEN UID": "101_CT_1", "PMax MW": 300},
        common | coal | {"GEN UID": "102_STEAM_1", "PMax MW": 200, "HR_incr_1": 9_000, "FOR": 0.1},
        common
        | {
            "GEN UID": "303_WIND_1",
            "PMax MW": 100,
            "Category": "Wind",
            "Fuel": "Wind",
            "Fuel Price $/MMBTU": 0,
        },
        common
        | {
            "GEN UID": "313_STORAGE_1",
            "PMax MW": 50,
            "Category": "Storage",
            "Fuel": "Storage",
            "Fuel Price $/MMBTU": 0,
        }
        | {"Pump Load MW": 50, "Storage Roundtrip Efficiency": 81},
        common | {"GEN UID": "114_SYNC_COND_1", "PMax MW": 0, "Fuel": "Sync_Cond", "Fuel Price $/MMBTU": 0},
    ]
    store = {"GEN UID": "313_STORAGE_1", "Max Volume GWh": 0.15, "position": "head"}
    write(folder / "SourceData" / "gen.csv", generators)
    write(folder / "SourceData" / "storage.csv", [store, store | {"position": "tail"}])
    hours = [{"Year": 2020, "Month": 1, "Day": 1, "Period": h + 1} for h in range(HOURS)]
    for place, name in (("Hydro", "hydro"), ("PV", "pv"), ("RTPV", "rtpv"), ("CSP", "Natural_Inflow")):
        write(folder / "timeseries_data_files" / place / f"DAY_AHEAD_{name}.csv", hours)
    wind = [hour | {"303_WIND_1": 4.0 * h} for h, hour in enumerate(hours)]
    write(folder / "timeseries_data_files" / "WIND" / "DAY_AHEAD_wind.csv", wind)
    load = [hour | {"1": 100.0 + 5 * h, "2": 50.0} for h, hour in enumerate(hours)]
    write(folder / "timeseries_data_files" / "Load" / "DAY_AHEAD_regional_Load.csv", load)
    return folder


def write(file: Path, rows: Sequence[Mapping[str, object]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)


def test_rts_gmlcs_files_become_a_baseline_that_is_computed(tmp_path: Path) -> None:
    baseline = from_rts_gmlc(rts(tmp_path))
    units = {unit["name"]: unit for unit in baseline.tables["units"]}
    assert list(units) == ["101_CT_1 1", "102_STEAM_1 2", "102_STEAM_1 1", "303_WIND_1"]
    assert units["101_CT_1 1"]["heat_rate"] == pytest.approx(10 * 1.055056)
    assert units["102_STEAM_1 1"]["block_of"] == "102_STEAM_1"
    [battery] = baseline.tables["storage"]
    assert (battery["power_mw"], battery["energy_mwh"], battery["charge_efficiency"]) == (50.0, 150.0, 0.9)
    assert [row["load_mw"] for row in baseline.tables["load"][:2]] == [150.0, 155.0]
    results = computed(baseline)
    assert results["unserved_energy"] == 0.0
    assert results["dispatch_cost"] > 0.0
    told = str(baseline.report)
    for part in ("the regions' loads are summed", "114_SYNC_COND_1", "branch.csv", "divided by 1.055056"):
        assert part in told


def test_a_column_that_the_files_lack_is_named(tmp_path: Path) -> None:
    file = rts(tmp_path) / "SourceData" / "gen.csv"
    file.write_text(file.read_text().replace("PMax MW", "Pmax"))
    with pytest.raises(ImportRefusedError, match="no column 'PMax MW'"):
        from_rts_gmlc(tmp_path)


def test_what_is_saved_is_described_and_reads_back_as_plain_csv(tmp_path: Path) -> None:
    baseline = from_rts_gmlc(rts(tmp_path / "rts"))
    folder = baseline.save(tmp_path / "saved")
    package = json.loads((folder / "datapackage.json").read_text())
    fields = {
        f["name"]: f for r in package["resources"] if r["name"] == "units" for f in r["schema"]["fields"]
    }
    assert fields["capacity_mw"] == {"name": "capacity_mw", "type": "number", "unit": "MW"}
    assert fields["variable_cost"]["unit"] == "USD/MWh"
    assert (folder / "report.txt").read_text().strip() == str(baseline.report)
    again = from_csv(folder, **baseline.options)
    assert computed(again) == computed(baseline)


def test_a_matpower_case_keeps_its_cost_curves(tmp_path: Path) -> None:
    file = tmp_path / "small.m"
    file.write_text(CASE)
    baseline = from_matpower(file, blocks=4, load_factors=[1.0, 0.5])
    units = {
        unit["name"]: (unit["capacity_mw"], unit["variable_cost"], unit["technology"])
        for unit in baseline.tables["units"]
    }
    # 0.05 P² + 20 P over four blocks of 25 MW: 20 + 0.05·(the sum of the block's ends)
    assert [units[f"gen 1 (bus 1) {n}"][1] for n in (1, 2, 3, 4)] == pytest.approx(
        [21.25, 23.75, 26.25, 28.75]
    )
    assert [units[f"gen 2 (bus 2) {n}"] for n in (1, 2)] == [(100.0, 30.0, "ng"), (100.0, 40.0, "ng")]
    assert units["gen 3 (bus 2)"] == (80.0, 25.0, "hydro")
    assert len(units) == 7
    assert [row["load_mw"] for row in baseline.tables["load"]] == [200.0, 100.0]
    left_out = {entry.source: entry.count for entry in baseline.report.left_out}
    assert left_out["generators out of service"] == 1
    assert left_out["cost at no load"] == 1
    assert left_out["start and stop costs"] == 1
    # 200 MW: the 100 of gen 1 up to 28.75, the 80 of gen 3 at 25, and 20 of gen 2 at 30. 100 MW: gen 1's first 50, and gen 3
    assert computed(baseline)["time_weighted_price"] == pytest.approx((30.0 + 25.0) / 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mpc.gencost", "mpc.costs", "small.m: there is no matrix mpc.gencost"),
        ("2 0 0 2 1 0 0;", "", "mpc.gencost has 3 rows, mpc.gen 4"),
        ("1 0 0 3 0 0 100", "7 0 0 3 0 0 100", "row 2: MODEL is 7; it must be 1"),
        ("1 3 50  0", "1 3 -150  0", "a load (PD) of 0 MW"),
    ],
)
def test_a_case_that_cannot_be_a_baseline_names_matrix_and_row(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    file = tmp_path / "small.m"
    file.write_text(CASE.replace(old, new))
    with pytest.raises(ImportRefusedError) as refused:
        from_matpower(file)
    assert message in str(refused.value)


def test_columns_of_ones_own_are_renamed_and_converted(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("Plant;Kind;Capacity (GW);Owner\nA;gas;0,2;me\nB;coal;0,1;you\n")
    (tmp_path / "load.csv").write_text("year,hour,load_mw\n2030,1,150\n")
    mine = {"Plant": "name", "Kind": "technology", "Capacity (GW)": "capacity_mw"}
    baseline = from_csv(tmp_path, columns=mine, factors={"capacity_mw": 1000.0}, currency="EUR")
    assert baseline.tables["units"][0] == {"name": "A", "technology": "gas", "capacity_mw": 200.0}
    assert [entry.source for entry in baseline.report.left_out] == ["units.csv: Owner"]
    assert [entry.outcome for entry in baseline.report.converted] == ["times 1000"]


@pytest.mark.parametrize(
    ("units", "columns", "message"),
    [
        (
            "name,capacity\nA,1\n",
            {},
            "units.csv: there is no column technology, capacity_mw; it has name, capacity",
        ),
        ("name,technology,capacity_mw\nA,gas,1\n", {"MW": "capacity_mw"}, "columns: no file has 'MW'"),
        ("name,technology,capacity_mw,p\nA,gas,1,2\n", {"p": "capacity_mw"}, "two columns are capacity_mw"),
        (
            "name,technology,capacity_mw\nA,gas,many\n",
            {},
            "units.csv, row 1, column capacity_mw: 'many' is no number",
        ),
        (
            "name,technology,capacity_mw\nA,gas\n",
            {},
            "units.csv, row 1: it has not as many cells as the header",
        ),
    ],
)
def test_csv_that_cannot_be_a_baseline_names_file_and_column(
    tmp_path: Path, units: str, columns: dict[str, str], message: str
) -> None:
    (tmp_path / "units.csv").write_text(units)
    (tmp_path / "load.csv").write_text("year,hour,load_mw\n2030,1,150\n")
    with pytest.raises(ImportRefusedError) as refused:
        from_csv(tmp_path, columns=columns, factors={"capacity_mw": 1000.0})
    assert message in str(refused.value)
