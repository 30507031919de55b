"""COPY, transactions, cursors and live rows with psycopg."""

import os
import threading

import psycopg

CONNINFO = f"host={os.environ['PG_HOST']} port={os.environ['PG_PORT']} user=summit dbname=summit"

with psycopg.connect(CONNINFO, autocommit=True) as conn:
    assert conn.info.server_version >= 150000
    assert conn.info.encoding == "utf-8", conn.info.encoding
    assert str(conn.info.timezone) == "UTC", conn.info.timezone
    conn.execute("CREATE STREAM s (k INT, v TEXT, x DOUBLE PRECISION) PARTITION BY (k)")
    conn.execute("CREATE TABLE t (k INT PRIMARY KEY, v TEXT)")
    conn.execute("CREATE MATERIALIZED VIEW m AS SELECT k, count(*) AS n FROM s GROUP BY k")

    with conn.cursor() as cur:
        with cur.copy("COPY s (k, v, x) FROM STDIN") as copy:
            for i in range(1000):
                copy.write_row((i % 5, f"tab\t{i}\n\\", i / 2 if i % 7 else None))
        assert cur.rowcount == 1000, cur.rowcount
        assert cur.execute("SELECT * FROM m ORDER BY k").fetchall() == [(k, 200) for k in range(5)]
        with cur.copy("COPY t FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            for i in range(10):
                copy.write_row((i, None if i == 3 else f"b{i}"))
        with cur.copy("COPY (SELECT k, v FROM t ORDER BY k LIMIT 4) TO STDOUT") as copy:
            copy.set_types(["int4", "text"])
            rows = list(copy.rows())
        assert rows == [(0, "b0"), (1, "b1"), (2, "b2"), (3, None)], rows

        # a failed copy leaves nothing
        try:
            with cur.copy("COPY t FROM STDIN") as copy:
                copy.write("100\ta\nhundred\tb\n")
        except psycopg.errors.InvalidTextRepresentation as e:
            assert e.diag.context == 'COPY t, line 2, column k: "hundred"', e.diag.context
        else:
            raise AssertionError("the copy was taken")
        assert cur.execute("SELECT count(*) FROM t").fetchone() == (10,)
        # and one that the client gives up
        try:
            with cur.copy("COPY t FROM STDIN") as copy:
                copy.write("101\ta\n")
                raise RuntimeError("changed my mind")
        except RuntimeError:
            pass
        assert cur.execute("SELECT count(*) FROM t").fetchone() == (10,)

with psycopg.connect(CONNINFO) as conn:
    conn.execute("INSERT INTO t VALUES (%s, %s)", (20, "a"))
    conn.rollback()
    with conn.transaction():
        conn.execute("INSERT INTO t VALUES (%s, %s)", (21, "a"))
        conn.execute("INSERT INTO s VALUES (%s, %s, %s)", (21, "a", 1))
    try:
        with conn.transaction():
            conn.execute("INSERT INTO t VALUES (%s, %s)", (22, "a"))
            conn.execute("INSERT INTO t VALUES (%s, %s)", (22, "b"))
    except psycopg.errors.UniqueViolation as e:
        assert "t_pkey" in e.diag.message_primary, e
    else:
        raise AssertionError("the second was taken")
    assert conn.execute("SELECT k FROM t WHERE k >= 20").fetchall() == [(21,)]
    conn.commit()

# definitions are part of the transaction that psycopg opens by itself
with psycopg.connect(CONNINFO) as conn:
    conn.execute("CREATE TABLE d (k INT PRIMARY KEY)")
    conn.execute("INSERT INTO d VALUES (1)")
    conn.rollback()
    assert conn.execute("SELECT count(*) FROM summit.tables WHERE name = 'd'").fetchone() == (0,)
    conn.execute("CREATE TABLE d (k INT PRIMARY KEY)")
    conn.execute("INSERT INTO d VALUES (%s)", (1,))
    conn.execute("CREATE MATERIALIZED VIEW dn AS SELECT count(*) AS n FROM d")
    conn.commit()
    assert conn.execute("SELECT n FROM dn").fetchone() == (1,)
    # after a few runs psycopg prepares; after a rollback it deallocates
    for k in range(7):
        conn.execute("SELECT %s::int", (k,))
    conn.rollback()
    assert conn.execute("SELECT 1").fetchone() == (1,)

# live rows
with psycopg.connect(CONNINFO, autocommit=True) as reader, psycopg.connect(CONNINFO, autocommit=True) as writer:
    reader.execute("SET read_consistency = strict")
    with reader.cursor() as cur:
        changes = cur.stream("SUBSCRIBE TO m")
        snapshot = sorted(next(changes)[1:] for _ in range(6))
        assert snapshot == [(1, k, 200) for k in range(5)] + [(1, 21, 1)], snapshot
        writer.execute("INSERT INTO s VALUES (%s, %s, %s)", (0, "new", 0))
        lsn = writer.execute("SELECT summit_lsn()").fetchone()[0]
        change = sorted(next(changes) for _ in range(2))
        assert change == [(lsn, -1, 0, 200), (lsn, 1, 0, 201)], change
        # cancel it from another thread
        timer = threading.Timer(0.1, reader.cancel)
        timer.start()
        try:
            next(changes)
        except psycopg.errors.QueryCanceled:
            pass
        else:
            raise AssertionError("a change out of nowhere")
        timer.join()
    assert reader.execute("SELECT 1").fetchone() == (1,)
print("ok")
