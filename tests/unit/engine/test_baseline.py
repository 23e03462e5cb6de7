"""A user's own system from tables: read completely, or refused with every error's row and column."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from sextant.engine import (
    BaselineError,
    ModelInputError,
    SystemData,
    baseline_from_tables,
    reference_system,
    rows_from_csv,
)
from tests.unit.engine.systems import driver, run, series, small_system

UNITS = """name,technology,capacity_mw,fuel,heat_rate,variable_cost,emission_factor,profile,renewable,must_take,capex
Wind,wind,40,,,1,,windy,true,,1000000
Coal,coal,120,coal,10,2,0.9,,,no,
Gas, gas ,100,gas,7,1,0.4,flat,false,0,
"""
LOAD = "year,hour,month,weight,load_mw\n" + "".join(
    f"{year},{hour},{1 + hour // 3},2190,{100 * hour}\n" for year in (2030, 2031) for hour in (1, 2, 3, 4)
)
PROFILES = "hour,windy\n1,0.5\n2,0.25\n4,1\n3,0\n"
PRICES = "year,coal,gas,carbon\n2030,3,8,10\n2031,3,9,20\n"


def tables(**changes: str) -> SystemData:
    text = {"units": UNITS, "load": LOAD, "profiles": PROFILES, "prices": PRICES, **changes}
    return baseline_from_tables(
        *(rows_from_csv(text[name]) for name in ("units", "load", "profiles", "prices"))
    )


def test_tables_become_a_system_that_runs() -> None:
    system = tables()
    assert system.years == (2030, 2031)
    assert system.load.tolist() == [[100, 200, 300, 400]] * 2
    assert system.month.tolist() == [1, 1, 2, 2]
    assert system.profiles["windy"].tolist() == [0.5, 0.25, 0, 1]
    assert system.fuel_prices["gas"].tolist() == [8, 9]
    assert system.carbon_price.tolist() == [10, 20]
    assert [unit.technology for unit in system.units] == ["wind", "coal", "gas"]
    assert system.build_mix == {"wind": 1.0}
    result = run(driver("policy", policy_name="RPS", start_year=2031, target=0.2), system=system)
    assert series(result, "renewable_share")[1] == pytest.approx(0.2)
    assert result.metadata["baseline"]["digest"] == system.digest()


def test_numbers_as_parquet_gives_them_do_as_well_as_text() -> None:
    # Storages have a table of their own
    units = [
        {key: value for key, value in asdict(unit).items() if key != "storage"}
        for unit in reference_system().units
    ]
    reference = reference_system()
    load = [
        {"year": year, "hour": h + 1, "month": int(reference.month[h]), "weight": float(reference.weights[h]),
         "load_mw": float(reference.load[y, h])}
        for y, year in enumerate(reference.years)
        for h in range(len(reference.weights))
    ]  # fmt: skip
    profiles: list[dict[str, Any]] = [
        {"hour": h + 1, **{name: float(v[h]) for name, v in reference.profiles.items() if name != "flat"}}
        for h in range(len(reference.weights))
    ]
    system = baseline_from_tables(units, load, profiles)
    # The reference system written out as tables gives the reference system's results
    assert series(run(system=system), "price") == series(run(system=reference), "price")


def test_what_is_left_out_is_made_up_as_documented() -> None:
    load = "year,hour,load_mw\n" + "".join(f"2030,{hour},100\n" for hour in range(1, 25))
    system = baseline_from_tables(
        rows_from_csv("name,technology,capacity_mw\nA,import,100\n"), rows_from_csv(load)
    )
    assert system.weights.sum() == pytest.approx(8_760)
    assert np.bincount(system.month)[1:].tolist() == [2] * 12
    assert system.carbon_price[0] == reference_system().carbon_price[4]
    with pytest.raises(ModelInputError, match="build mix"):
        run(driver("policy", policy_name="RPS", start_year=2030, target=0.2), system=system)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"units": ""}, "units: no rows"),
        ({"units": "name,technology\nA,b\n"}, "units, column capacity_mw: column is missing"),
        ({"units": UNITS.replace("capex", "price")}, "units, column price: unknown column"),
        ({"units": UNITS.replace(",40,", ",-40,")}, "units row 1, column capacity_mw: between 0 and 1e+09, not -40"),
        ({"units": UNITS.replace(",120,", ",much,")}, "units row 2, column capacity_mw: a number, not 'much'"),
        ({"units": UNITS.replace(",120,", ",,")}, "units row 2, column capacity_mw: a number is missing"),
        ({"units": UNITS.replace("Gas,", "Coal,")}, "units row 3, column name: a name of its own, 'Coal' stands above already"),
        ({"units": UNITS.replace("windy", "calm")}, "units row 1, column profile: a column of the profiles, not 'calm'"),
        ({"units": UNITS.replace(",coal,10", ",peat,10")}, "units row 2, column fuel: a fuel with a price, not 'peat'"),
        ({"units": UNITS.replace(",coal,10", ",,10")}, "units row 2, column heat_rate: 0 where there is no fuel"),
        ({"units": UNITS.replace(",true,,", ",maybe,,")}, "units row 1, column renewable: true or false"),
        ({"load": ""}, "load: no rows"),
        ({"load": LOAD.replace("2031,4,", "2031,3,")}, "load row 8, column hour: hour 3 of 2031 stands in row 7 already"),
        ({"load": LOAD.replace("2031,4,2,2190,400\n", "")}, "load, column hour: hour 4 of 2031 is missing, after row 7"),
        ({"load": LOAD.replace("2031,", "2033,")}, "load, column year: at most 60 years without a gap"),
        ({"load": LOAD.replace("2031,2,1,2190", "2031,2,1,2191")}, "load row 6, column weight: hour 2 has the same month and weight in every year"),
        ({"load": LOAD.replace(",400\n", ",-1\n", 1)}, "load row 4, column load_mw: between 0 and 1e+09, not -1"),
        ({"load": LOAD.replace("2030,1,1,", "2030,1,13,", 1)}, "load row 1, column month: between 1 and 12, not 13"),
        ({"profiles": PROFILES.replace("0.25", "1.25")}, "profiles row 2, column windy: between 0 and 1, not 1.25"),
        ({"profiles": PROFILES.replace("4,1", "3,1")}, "profiles row 4, column hour: hour 3 stands in row 3 already"),
        ({"profiles": PROFILES.replace("4,1\n", "")}, "profiles, column hour: one row for each of the load's 4 hours, not 3"),
        ({"prices": PRICES.replace("2031", "2032")}, "prices row 2, column year: a year of the load, 2030–2031"),
        ({"prices": PRICES.replace("2031,3,9,20\n", "")}, "prices, column year: year 2031 is missing"),
        ({"prices": PRICES.replace(",9,", ",nan,")}, "prices row 2, column gas: a number, not 'nan'"),
    ],
)  # fmt: skip
def test_errors_name_table_row_and_column(changes: dict[str, str], expected: str) -> None:
    with pytest.raises(BaselineError) as caught:
        tables(**changes)
    assert expected in [str(error) for error in caught.value.errors]


def hourly(hours: int, weight: str | None = None) -> SystemData:
    """One year of `hours` rows, each of the weight if there is one, and a plant that earns in all of them."""
    rows: list[dict[str, Any]] = [
        {"year": 2030, "hour": hour, "load_mw": 100, **({} if weight is None else {"weight": weight})}
        for hour in range(1, hours + 1)
    ]
    return baseline_from_tables(rows_from_csv("name,technology,capacity_mw\nA,import,100\n"), rows)


@pytest.mark.parametrize("short", [1, 3])
def test_a_row_that_ends_early_takes_no_column_from_the_others(short: int) -> None:
    # Given weights of every hour but one, whose row ends before them
    load = [f"2030,{hour},100,2190" for hour in range(1, 5)]
    load[short - 1] = load[short - 1].removesuffix(",2190")
    with pytest.raises(BaselineError) as caught:
        tables(load="\n".join(["year,hour,load_mw,weight", *load]), prices="")
    assert "load, column weight: given for every hour or for none" in [
        str(error) for error in caught.value.errors
    ]


CALENDAR = (
    "a calendar of 8,760 hours, 8,784 or 52 weeks of 168, each whole or in quarters, or fewer than 8,672 representative "
    "hours; not {}"
)
YEAR = "hours of a year: together 8,760 or 8,784, within 1 %; they are {}"


@pytest.mark.parametrize(
    ("hours", "weight", "column", "rule"),
    [
        # A day, a week, a half-year whose rows are counted as a year
        (24, "1", "weight", YEAR.format("24")),
        (168, "1", "weight", YEAR.format("168")),
        (4_380, "1", "weight", YEAR.format("4,380")),
        # Shares of the year, percent, and a year counted twice
        (4, "0.25", "weight", YEAR.format("1")),
        (4, "25", "weight", YEAR.format("100")),
        (4, "4380", "weight", YEAR.format("17,520")),
        (4, "2146", "weight", YEAR.format("8,584")),
        (4, "2222", "weight", YEAR.format("8,888")),
        # A calendar that lost or won an hour or a day, with weights and without
        *((hours, weight, "hour", CALENDAR.format(f"{hours:,}"))
          for hours in (8_759, 8_761, 8_783, 8_712) for weight in (None, "1")),
    ],
)  # fmt: skip
def test_hours_that_are_no_year_are_refused(hours: int, weight: str | None, column: str, rule: str) -> None:
    with pytest.raises(BaselineError) as caught:
        hourly(hours, weight)
    assert [str(error) for error in caught.value.errors] == [f"load, column {column}: {rule}"]


@pytest.mark.parametrize(
    ("hours", "weight", "year"),
    [
        (8_760, None, 8_760), (8_760, "1", 8_760), (8_784, None, 8_784), (8_784, "1", 8_784),
        (8_736, None, 8_760), (8_736, "1", 8_736),
        (24, "365", 8_760), (24, "366", 8_784), (168, "52", 8_736), (4_380, "2", 8_760), (8_672, None, 8_760),
    ],
)  # fmt: skip
def test_hours_that_are_a_year_are_taken(hours: int, weight: str | None, year: float) -> None:
    assert hourly(hours, weight).weights.sum() == pytest.approx(year)


def test_a_system_that_no_table_made_stands_for_a_year_too() -> None:
    with pytest.raises(ModelInputError, match=r"weights: hours of a year.* they are 24"):
        small_system(weights=np.ones(24))


def test_all_errors_come_at_once_up_to_a_hundred() -> None:
    many = "name,technology,capacity_mw\n" + "A,b,-1\n" * 200
    with pytest.raises(BaselineError) as caught:
        tables(units=many, profiles=PROFILES.replace("0.25", "x"))
    assert len(caught.value.errors) == 100
    assert {error.table for error in caught.value.errors} == {"profiles", "units"}


def test_equal_data_has_equal_digests_and_any_change_another() -> None:
    assert tables().digest() == tables().digest()
    others = [
        tables(load=LOAD.replace(",400\n", ",401\n", 1)),
        tables(units=UNITS.replace("0.9", "0.8")),
        tables(profiles=PROFILES.replace("0.25", "0.26")),
        tables(prices=PRICES.replace(",9,", ",10,")),
    ]
    assert len({system.digest() for system in [tables(), small_system(), *others]}) == 6
