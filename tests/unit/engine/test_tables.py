"""Tables as people have them: as spreadsheets write them, by time, in quarters, with what is missing named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sextant.engine import BaselineError, SystemData, baseline_from_tables, rows_from_csv
from tests.unit.engine.systems import driver, run, series

UNITS: list[dict[str, Any]] = [
    {
        "name": "Gas",
        "technology": "gas",
        "capacity_mw": 500,
        "fuel": "gas",
        "heat_rate": 7.5,
        "emission_factor": 0.4,
        "capex": 1,
    }
]
PRICES = [{"year": 2030, "gas": 8, "carbon": 20}]
TOLD = {"currency": "EUR", "price_year": 2025, "value_of_lost_load": 3_000.0}


def made(
    load: Any, units: Any = UNITS, profiles: Any = (), prices: Any = PRICES, **options: Any
) -> SystemData:
    return baseline_from_tables(units, load, profiles, prices, **{**TOLD, **options})


def errors_of(load: Any, **tables: Any) -> list[str]:
    with pytest.raises(BaselineError) as caught:
        made(load, **tables)
    return [str(error) for error in caught.value.errors]


def hours(year: int, count: int) -> list[dict[str, Any]]:
    return [{"year": year, "hour": hour, "load_mw": 100 + hour % 24} for hour in range(1, count + 1)]


def notes(system: SystemData) -> dict[str, str]:
    return {note.path: note.message for note in system.notes}


PLAIN = "year,hour,weight,load_mw\n2030,1,4380.5,100.5\n2030,2,4379.5,200\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("4380.5", "4380,5").replace("\n2030,1,4380,5,100.5", '\n2030,1,"4380.5",100.5'),
        "year;hour;weight;load_mw\n2030;1;4380,5;100,5\n2030;2;4379,5;200\n",
        "sep=;\nyear;hour;weight;load_mw\r\n2030;1;4380,5;100,5\r\n2030;2;4379,5;200\r\n",
        "year\thour\tweight\tload_mw\n2030\t1\t4380,5\t100,5\n2030\t2\t4379.5\t200\n",
        " year , hour,weight ,  load_mw \n2030,1,4380.5,100.5\n2030,2,4379.5,200\n",
        "year,hour,weight,load_mw,,\n2030,1,4380.5,100.5,,\n,,,,,\n\n2030,2,4379.5,200,,\n,,,,,\n,,,,,\n",
    ],
    ids=["quotes", "semicolons", "sep", "tabs", "spaces", "empty"],
)
def test_a_spreadsheet_s_file_is_the_same_table(text: str) -> None:
    assert made(rows_from_csv(text)).digest() == made(rows_from_csv(PLAIN)).digest()


def test_an_error_behind_an_empty_row_has_the_number_of_its_row() -> None:
    rows = rows_from_csv("year,hour,weight,load_mw\n2030,1,4380,100\n,,,\n2030,2,4380,much\n")
    assert errors_of(rows) == ["load row 3, column load_mw: a number, not 'much'"]


def test_an_hour_that_is_missing_or_there_twice_is_named_with_its_rows() -> None:
    rows = [*hours(2026, 8_760), *hours(2027, 8_760)]
    gone = [row for row in rows if (row["year"], row["hour"]) != (2027, 2001)]
    assert errors_of(gone) == [
        "load, column hour: hour 2001 of 2027 is missing, between rows 10760 and 10761"
    ]
    assert errors_of(rows[:-1]) == ["load, column hour: hour 8760 of 2027 is missing, after row 17519"]
    three = [row for row in rows if row["year"] == 2026 or row["hour"] not in (5, 6, 7)]
    assert errors_of(three) == [
        "load, column hour: hour 5 of 2027 is missing, between rows 8764 and 8765, and 2 more"
    ]
    assert errors_of([*rows, rows[9]]) == [
        "load row 17521, column hour: hour 10 of 2026 stands in row 10 already"
    ]


def by_time(year: int, step: timedelta, zone: Any, **columns: Any) -> list[dict[str, Any]]:
    """Rows at the local time of the zone, from New Year to New Year."""
    start = datetime(year, 1, 1, tzinfo=zone).astimezone(UTC)
    end = datetime(year + 1, 1, 1, tzinfo=zone).astimezone(UTC)
    count = int((end - start) / step)
    moments = [(start + k * step).astimezone(zone).isoformat() for k in range(count)]
    return [
        {"timestamp": moment, **{name: values(k) for name, values in columns.items()}}
        for k, moment in enumerate(moments)
    ]


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-5)), ZoneInfo("Europe/Berlin")], ids=str)
def test_times_with_a_zone_stand_for_year_and_hour(zone: Any) -> None:
    # Given the hours of a year by time, summer time and all
    timed = by_time(2030, timedelta(hours=1), zone, load_mw=lambda k: 100 + (k + 1) % 24)
    wind = [{"timestamp": row["timestamp"], "wind": 0.5} for row in timed]
    system = made(timed[::-1], profiles=wind)
    # Then they are the hours of that year, in order, and in the months in which they lie
    plain = made(hours(2030, 8_760))
    assert (system.years, system.load.tolist()) == (plain.years, plain.load.tolist())
    assert np.bincount(system.month)[1:].tolist() == [
        d * 24 for d in (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    ]
    assert system.profiles["wind"].tolist() == [0.5] * 8_760


def test_times_without_a_zone_or_off_the_quarter_are_refused() -> None:
    def load(*moments: str) -> list[dict[str, Any]]:
        return [{"timestamp": moment, "load_mw": 1} for moment in moments]

    (told,) = errors_of(load("2030-01-01T00:00"))
    assert told.startswith("load row 1, column timestamp: a time with its zone")
    (told,) = errors_of(load("2030-01-01T00:00Z", "2030-01-01T00:07Z"))
    assert told.startswith("load row 2, column timestamp: on the hour or a quarter of it")
    year = by_time(2030, timedelta(hours=1), UTC, load_mw=lambda _: 1)
    (told,) = errors_of([*year[:100], *year[101:]])
    assert told == "load, column timestamp: hour 101 of 2030 is missing, between rows 100 and 101"


def test_quarter_hours_are_kept_or_averaged() -> None:
    wind = [
        *UNITS,
        {"name": "Wind", "technology": "wind", "capacity_mw": 90, "profile": "wind", "renewable": 1},
    ]
    quarters = by_time(2030, timedelta(minutes=15), UTC, load_mw=lambda k: 100 + k % 96)
    profile = [{"hour": k + 1, "wind": (k % 4) / 4} for k in range(len(quarters))]
    kept = made(quarters, wind, profile)
    assert (len(kept.weights), kept.weights.sum()) == (35_040, 8_760)
    averaged = made(quarters, wind, profile, resolution="hour")
    assert (averaged.load[0, :2].tolist(), averaged.profiles["wind"][:2].tolist()) == (
        [101.5, 105.5],
        [0.375] * 2,
    )
    assert averaged.weights.tolist() == [1.0] * 8_760
    # The energy is the same, and what the quarters tell beyond the hours is in neither month nor sum
    assert series(run(system=kept), "load") == pytest.approx(series(run(system=averaged), "load"))
    # Hourly profiles hold for the quarters
    hourly = made(quarters, wind, [{"hour": k + 1, "wind": 0.25 * (k % 2)} for k in range(8_760)])
    assert hourly.profiles["wind"][:9].tolist() == [0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25, 0]


def test_leap_years_beside_others_give_up_a_day_and_are_told() -> None:
    prices = [{**PRICES[0], "year": year} for year in (2027, 2028)]
    leap = hours(2028, 8_784)
    for hour in range(1_416, 1_440):
        leap[hour]["load_mw"] = 7_777
    profile = [{"hour": k + 1, "wind": float(1_416 <= k < 1_440)} for k in range(8_784)]
    system = made([*hours(2027, 8_760), *leap], prices=prices, profiles=profile)
    assert system.load.shape == (2, 8_760)
    assert (system.load.max(), system.profiles["wind"].max()) == (123, 0)
    assert notes(system) == {
        "tables.load.hour": "29 February is left out of 2028: the other years have 8,760 hours"
    }
    # A year of 8,784 hours that the calendar gives 8,760 is taken as it is, and told
    told = notes(made(hours(2027, 8_784), prices=prices[:1]))
    assert told == {"tables.load.hour": "there are 8,784 hours in 2027, where the calendar has 8,760"}
    assert notes(made(leap, prices=prices[1:])) == {}


def test_prices_by_month_move_the_price_by_month() -> None:
    load = [{"year": 2030, "hour": m, "month": m, "weight": 730, "load_mw": 100} for m in range(1, 13)]
    monthly = [{"year": 2030, "month": m, "gas": m, "carbon": 20} for m in range(1, 13)]
    system = made(load, prices=monthly)
    # Then a month's price is heat rate × its fuel price + emissions, and the year's their mean
    assert series(run(system=system), "price") == [pytest.approx(7.5 * 6.5 + 8)]
    shocked = run(system=system, shock_bp=1_000)
    assert series(shocked, "price") == [pytest.approx(7.5 * (6.5 + 0.65) + 8)]
    doubled = run(driver("fuel_curve", fuel="gas", multiplier=2), system=system)
    assert series(doubled, "price") == [pytest.approx(7.5 * 13 + 8)]
    assert errors_of(load, prices=monthly[:-1]) == ["prices, column month: month 12 of 2030 is missing"]


def test_a_carbon_price_by_month_moves_the_price_by_month() -> None:
    # Given 400 kg/MWh, and a carbon price that rises from 10 in January to 120 in December
    load = [{"year": 2030, "hour": m, "month": m, "weight": 730, "load_mw": 100} for m in range(1, 13)]
    by_month = [{"year": 2030, "month": m, "gas": 4, "carbon": 10 * m} for m in range(1, 13)]
    rising = made(load, prices=by_month)

    def prices(*drivers: Any, system: Any = rising) -> list[float]:
        result = run(*drivers, system=system, hourly="price")
        assert result.hourly is not None
        return [float(value) for value in result.hourly.values[0, 0]]

    # Then each month has its own, which a price that a policy sets replaces, and a course over the year moves
    assert prices() == [pytest.approx(30 + 4 * m) for m in range(1, 13)]
    policy = driver("policy", policy_name="CARBON_PRICE", start_year=2030, price=20)
    assert prices(policy) == [pytest.approx(38)] * 12
    higher = {"monthly": [0.0] * 6 + [0.5] * 6}
    course = driver("time_series", quantity="CARBON_PRICE", seasonal=higher)
    assert prices(policy, course) == [pytest.approx(38)] * 6 + [pytest.approx(42)] * 6
    flat = made(load, prices=[{"year": 2030, "gas": 4, "carbon": 20}])
    assert prices(course, system=flat) == prices(policy, course)
    # And a condition looks at the year's mean
    for least, shift in ((64, 1), (66, 0)):
        condition = {"metric": "CARBON_PRICE", "operator": "GT", "value": least}
        dearer = driver("fuel_curve", fuel="gas", shift=1)
        assert prices(driver("conditional", logic="ALL", conditions=[condition], then=[dearer])) == [
            pytest.approx(30 + 4 * m + 7.5 * shift) for m in range(1, 13)
        ]


def test_a_load_given_once_grows() -> None:
    load = [{"year": 2030, "hour": hour, "weight": 4_380, "load_mw": 100 * hour} for hour in (1, 2)]
    prices = [{**PRICES[0], "year": year} for year in (2030, 2031, 2032)]
    system = made(load, prices=prices, end_year=2032, load_growth=0.1)
    assert system.years == (2030, 2031, 2032)
    np.testing.assert_allclose(system.load, [[100, 200], [110, 220], [121, 242]])
    two = [*load, *({**row, "year": 2031} for row in load)]
    assert errors_of(two, end_year=2032) == [
        "load, column year: one year, where end_year has the others follow it"
    ]
    assert errors_of(load, end_year=2029)[0].startswith("load, column year: at most 60 years to end_year")


def test_a_unit_in_maintenance_has_a_profile_of_its_own() -> None:
    load = [{"year": 2030, "hour": hour, "weight": 4_380, "load_mw": 100} for hour in (1, 2)]
    units = [
        {**UNITS[0], "profile": "overhaul"},
        {"name": "Import", "technology": "import", "capacity_mw": 500, "variable_cost": 200},
    ]
    overhaul = [{"hour": 1, "overhaul": 1}, {"hour": 2, "overhaul": 0.1}]
    result = run(system=made(load, units, overhaul))
    assert series(result, "price") == [pytest.approx((68 + 200) / 2)]


LOAD = [{"year": 2030, "hour": 1, "month": 1, "weight": 8_760, "load_mw": 100}]


def test_what_is_assumed_is_told_in_the_system_and_in_each_result() -> None:
    wind: dict[str, Any] = {"name": "Wind", "technology": "wind", "capacity_mw": 9, "renewable": True}
    oil: dict[str, Any] = {"name": "Oil", "technology": "oil", "capacity_mw": 5, "fuel": "oil"}
    system = baseline_from_tables([{**UNITS[0], "capex": None}, wind, oil], LOAD)
    assert notes(system) == {
        "tables.prices.gas": "there is no column gas: the built-in baseline's 7.5 EUR/GJ is used",
        "tables.prices.oil": "there is no column oil: the built-in baseline's 15.2105 EUR/GJ is used",
        "tables.prices.carbon": "there is no column carbon: the built-in baseline's 90 EUR/t is used",
        "tables.units.capex": "new capacity of gas, wind, oil has no capital cost; an RPS builds wind for nothing",
        "tables.units.heat_rate": "the heat rate of Oil is 0, so no fuel is burned",
        "currency": "currency is not given: EUR is assumed",
        "price_year": "price_year is not given: 2025 is assumed",
        "value_of_lost_load": "value_of_lost_load is not given: 10000 EUR/MWh is assumed",
    }
    late = driver("load_growth", annual_rate=0.1, start_year=2190)
    told = [warning["path"] for warning in run(late, system=system).metadata["warnings"]]
    assert told[-1] == "assumptions[0].payload.start_year"
    assert told[:-1] == [f"baseline.{path}" for path in notes(system)]
    # Who says everything is told nothing
    assert made(LOAD).notes == ()


def test_another_currency_borrows_nothing_and_names_the_results() -> None:
    told = errors_of(LOAD, prices=(), currency="USD")
    assert [line.partition(":")[0] for line in told] == ["prices, column gas", "prices, column carbon"]
    assert all("the built-in prices are EUR, not USD" in line for line in told)
    dollars, euros = (run(system=made(LOAD, currency=currency)) for currency in ("USD", "EUR"))
    assert dollars.metadata["currency"] == "USD"
    units = {str(unit) for unit in dollars.rows.unit}
    assert {"USD", "USD/MWh", "MWh"} <= units
    assert not any("EUR" in unit for unit in units)
    assert dollars.rows.value.tolist() == euros.rows.value.tolist()
    assert made(LOAD, currency="USD").digest() != made(LOAD).digest()
