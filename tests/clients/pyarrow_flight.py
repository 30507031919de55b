"""Flight with pyarrow: SQL as the ticket, appends, schemas, errors."""

import datetime as dt
import json
import os

import pyarrow as pa
import pyarrow.flight as fl

client = fl.connect(os.environ["FLIGHT_URL"])


def sql(text):
    return client.do_get(fl.Ticket(text.encode())).read_all()


assert sql("CREATE STREAM s (ts TIMESTAMPTZ NOT NULL, k TEXT, x DOUBLE PRECISION, n INT)")["tag"].to_pylist() == ["CREATE STREAM"]
sql("CREATE TABLE t (k TEXT PRIMARY KEY, name TEXT)")
sql("CREATE MATERIALIZED VIEW m AS SELECT k, count(*) AS rows, sum(x) AS x FROM s GROUP BY k")

schema = client.get_schema(fl.FlightDescriptor.for_path("s")).schema
assert schema.names == ["ts", "k", "x", "n"], schema
assert schema.field("ts").type == pa.timestamp("us", "UTC"), schema
assert not schema.field("ts").nullable
assert schema.field("x").type == pa.float64() and schema.field("n").type == pa.int32()

rows = 100_000
now = dt.datetime(2024, 5, 1, tzinfo=dt.timezone.utc)
table = pa.table({
    "k": [f"k{i % 4}" for i in range(rows)],
    "ts": pa.array([now] * rows, pa.timestamp("us", "UTC")),
    "x": pa.array([float(i) for i in range(rows)]),
})
writer, reader = client.do_put(fl.FlightDescriptor.for_path("s"), table.schema)
writer.write_table(table, max_chunksize=10_000)
writer.done_writing()
acknowledged = 0
while (message := reader.read()) is not None:
    acknowledged += json.loads(message.to_pybytes())["rows"]
writer.close()
assert acknowledged == rows, acknowledged

# calls are sessions of their own, and still see what earlier ones wrote
found = sql("SELECT count(*) AS n, count(n) AS given FROM s").to_pylist()
assert found == [{"n": rows, "given": 0}], found
found = sql("SELECT * FROM m ORDER BY k").to_pylist()
assert [row["rows"] for row in found] == [rows // 4] * 4, found
assert sum(row["x"] for row in found) == sum(range(rows)), found
everything = sql("SELECT x FROM s")
assert everything.num_rows == rows
assert sorted(everything["x"].to_pylist()) == table["x"].to_pylist()

# a table takes rows, and refuses them whole
names = pa.table({"k": ["k0", "k1"], "name": ["zero", None]})
writer, reader = client.do_put(fl.FlightDescriptor.for_path("public", "t"), names.schema)
writer.write_table(names)
writer.close()
assert sql("SELECT m.k, name FROM m JOIN t ON t.k = m.k ORDER BY 1").to_pylist() == names.to_pylist()


def error(f):
    try:
        f()
    except Exception as e:
        return type(e).__name__, str(e)
    raise AssertionError("no error")


def put(path, data):
    writer, reader = client.do_put(fl.FlightDescriptor.for_path(path), data.schema)
    writer.write_table(data)
    writer.done_writing()
    while reader.read() is not None:
        pass
    writer.close()


kind, text = error(lambda: sql("SELECT * FROM nowhere"))
assert kind == "ArrowKeyError" and "42P01" in text, (kind, text)
kind, text = error(lambda: sql("SELECT * FORM t"))
assert kind == "ArrowInvalid" and "42601" in text, (kind, text)
kind, text = error(lambda: put("t", pa.table({"k": ["k9", "k1"], "name": ["a", "b"]})))
assert "23505" in text, (kind, text)
kind, text = error(lambda: put("t", pa.table({"nothing": [1]})))
assert 'column "nothing" of relation "t" does not exist' in text, (kind, text)
kind, text = error(lambda: put("s", pa.table({"k": ["a"]})))
assert "23502" in text, (kind, text)
kind, text = error(lambda: put("nowhere", pa.table({"k": ["a"]})))
assert "42P01" in text, (kind, text)
assert sql("SELECT count(*) AS n FROM t").to_pylist() == [{"n": 2}]

paths = sorted(tuple(part.decode() for part in flight.descriptor.path) for flight in client.list_flights())
assert paths == [("public", "m"), ("public", "s"), ("public", "t")], paths
info = client.get_flight_info(fl.FlightDescriptor.for_path("public", "t"))
assert client.do_get(info.endpoints[0].ticket).read_all().num_rows == 2
info = client.get_flight_info(fl.FlightDescriptor.for_command(b"SELECT k FROM t"))
assert info.schema.names == ["k"], info.schema

# live rows over Flight
changes = client.do_get(fl.Ticket(b"SUBSCRIBE TO t"))
batch = changes.read_chunk().data
assert batch.schema.names == ["lsn", "diff", "k", "name"], batch.schema
put("t", pa.table({"k": ["k2"], "name": ["two"]}))
while (batch := changes.read_chunk().data).num_rows == 0 or batch["k"].to_pylist() != ["k2"]:
    pass
assert batch["diff"].to_pylist() == [1]
changes.cancel()
print("ok")
