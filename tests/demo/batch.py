"""Computes the demo's final tables with DataFusion in batch over the same Parquet files, from
the same SQL with its views as plain views, and compares them with what `summit demo --once`
printed, which comes on standard input."""

import datetime as dt
import pathlib
import re
import sys

import datafusion

demo = pathlib.Path(sys.argv[1])

# What a window is, said in DataFusion's own words.
TUMBLE = """(SELECT *, date_bin(INTERVAL '1 hour', ts) AS window_start,
  date_bin(INTERVAL '1 hour', ts) + INTERVAL '1 hour' AS window_end FROM flights)"""
HOP = "({})".format(
    " UNION ALL ".join(
        f"""SELECT *, date_bin(INTERVAL '1 hour', ts) - INTERVAL '{hours} hours' AS window_start,
  date_bin(INTERVAL '1 hour', ts) + INTERVAL '{3 - hours} hours' AS window_end FROM flights"""
        for hours in range(3)
    )
)


def statements(name):
    text = (demo / name).read_text()
    for statement in text.split(";"):
        title = re.findall(r"^-- (.*)$", statement, re.M)
        sql = re.sub(r"^--.*$", "", statement, flags=re.M).strip()
        if sql:
            yield (title[-1] if title else ""), sql


def show(value):
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S+00")
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


def printed(text):
    """The tables of psql's format, by title."""
    tables, lines = {}, text.splitlines()
    for at, line in enumerate(lines):
        if at >= 2 and re.fullmatch(r"[-+]+", line):
            rows = []
            for row in lines[at + 1 :]:
                if re.fullmatch(r"\(\d+ rows?\)", row):
                    break
                rows.append([cell.strip() for cell in row.split(" | ")])
            tables[lines[at - 2].strip()] = rows
    return tables


context = datafusion.SessionContext()
for file in sorted((demo / "data").glob("*.parquet")):
    context.register_parquet(file.stem, str(file))
for _, sql in statements("views.sql"):
    sql = re.sub(r"flights WINDOW TUMBLE \([^)]*\)", lambda _: TUMBLE, sql)
    sql = re.sub(r"HOP\(flights,[^)]*\)", lambda _: HOP, sql)
    context.sql(sql.replace("CREATE MATERIALIZED VIEW", "CREATE VIEW")).collect()

tables, equal = printed(sys.stdin.read()), 0
for title, sql in statements("final.sql"):
    batch = context.sql(sql).to_arrow_table()
    columns = [column.to_pylist() for column in batch.columns]
    expected = [[show(value) for value in row] for row in zip(*columns)]
    found = tables.get(title)
    if found != expected:
        print(f"{title}\n  DataFusion: {expected}\n  Summit:     {found}")
        sys.exit(1)
    equal += 1
print(f"{equal} tables are equal")
