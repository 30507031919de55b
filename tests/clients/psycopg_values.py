"""Values of all types, as text and in binary, with psycopg."""

import datetime as dt
import os
from decimal import Decimal

import psycopg
from psycopg.rows import dict_row

CONNINFO = f"host={os.environ['PG_HOST']} port={os.environ['PG_PORT']} user=summit dbname=summit"
UTC = dt.timezone.utc
COLUMNS = """id INT PRIMARY KEY, small SMALLINT, big BIGINT, r REAL, d DOUBLE PRECISION,
    n NUMERIC(12,3), t TEXT, v VARCHAR(10), b BOOLEAN, day DATE, at TIMESTAMP, tz TIMESTAMPTZ, bytes BYTEA"""
ROWS = [
    (1, -32768, 2**63 - 1, 1.5, 0.1, Decimal("-123456789.125"), "it's ä \\ \"q\"\n", "äöü", True,
     dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 12, 34, 56, 789012),
     dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), b"\x00\xff\\"),
    (2, 0, -(2**63), -2.25, float("inf"), Decimal("0.000"), "", "", False,
     dt.date(1970, 1, 1), dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1, tzinfo=UTC), b""),
    (3,) + (None,) * 12,
]
HOLES = ", ".join(["%s"] * 13)

with psycopg.connect(CONNINFO, autocommit=True) as conn:
    for binary in (False, True):
        holes = HOLES.replace("%s", "%b") if binary else HOLES
        conn.execute(f"CREATE TABLE kinds ({COLUMNS})")
        with conn.cursor(binary=binary) as cur:
            for row in ROWS:
                cur.execute(f"INSERT INTO kinds VALUES ({holes})", row)
                assert cur.rowcount == 1, cur.rowcount
            cur.execute("SELECT * FROM kinds ORDER BY id")
            found = cur.fetchall()
            assert found == ROWS, (binary, found)
            names = [column.name for column in cur.description]
            assert names == ["id", "small", "big", "r", "d", "n", "t", "v", "b", "day", "at", "tz", "bytes"], names
            codes = [column.type_code for column in cur.description]
            assert codes == [23, 21, 20, 700, 701, 1700, 25, 1043, 16, 1082, 1114, 1184, 17], codes
            numeric = cur.description[5]
            assert (numeric.precision, numeric.scale) == (12, 3), numeric
            # values as conditions
            for at, name in enumerate(names):
                if name in ("r",):
                    continue  # 1.5::float8 = r compares as float8
                hole = "%b" if binary else "%s"
                cur.execute(f"SELECT id FROM kinds WHERE {name} = {hole}", (ROWS[0][at],))
                assert cur.fetchall() == [(1,)], (binary, name)
            cur.execute("SELECT count(*), sum(big), avg(n) FROM kinds WHERE id < 3")
            count, total, mean = cur.fetchone()
            assert (count, total) == (2, -1), (count, total)
            assert abs(mean - Decimal("-61728394.5625")) < Decimal("0.0001"), mean
        conn.execute("DROP TABLE kinds")

    # many rows: psycopg's pipeline
    conn.execute("CREATE TABLE many (k INT PRIMARY KEY, v TEXT)")
    with conn.cursor() as cur:
        cur.executemany("INSERT INTO many VALUES (%s, %s)", [(k, f"v{k}") for k in range(100)])
        assert cur.rowcount == 100, cur.rowcount
        cur.executemany("SELECT v FROM many WHERE k = %s", [(1,), (2,)], returning=True)
        assert cur.fetchone() == ("v1",)
        assert cur.nextset()
        assert cur.fetchone() == ("v2",)
    with conn.cursor(row_factory=dict_row) as cur:
        # prepared after a few runs, and used again
        for k in range(20):
            row = cur.execute("SELECT k, v FROM many WHERE k = %s", (k,)).fetchone()
            assert row == {"k": k, "v": f"v{k}"}, row

    # what psycopg says is wrong
    def error(sql, args=None):
        try:
            conn.execute(sql, args)
        except psycopg.Error as e:
            return type(e).__name__, e.sqlstate, e.diag.message_primary
        raise AssertionError(f"no error: {sql}")

    assert error("SELECT * FORM many")[:2] == ("SyntaxError", "42601")
    assert error("SELECT * FROM nowhere")[:2] == ("UndefinedTable", "42P01")
    assert error("SELECT w FROM many")[:2] == ("UndefinedColumn", "42703")
    assert error("INSERT INTO many VALUES (%s, 'x')", (1,))[:2] == ("UniqueViolation", "23505")
    assert error("INSERT INTO many VALUES (NULL, 'x')")[:2] == ("NotNullViolation", "23502")
    assert error("INSERT INTO many VALUES (%s, 'x')", ("much",))[:2] == ("InvalidTextRepresentation", "22P02")
    assert error("SELECT 1 / %s", (0,))[:2] == ("DivisionByZero", "22012")
    assert error("SET nothing = 1")[:2] == ("UndefinedObject", "42704")
print("ok")
