//! INSERT, UPDATE and DELETE: the rows that they write.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().write(sql));
}

#[test]
fn rows_are_cast_to_the_targets_types() {
    check(
        "INSERT INTO planes (tailnum, price, seen) VALUES ('N1', 12.10, '2024-01-01'), ('N2', -0.5, DEFAULT)",
        expect![[r#"
            Projection: column1 AS tailnum, Int16(NULL) AS year, column2 AS price, column3 AS seen, Binary(NULL) AS raw, Int64(NULL) AS big
              Values: (Utf8("N1"), CAST(Utf8("12.10") AS Decimal128(12, 2)), CAST(Utf8("2024-01-01") AS Date32)), (Utf8("N2"), CAST(Utf8("-0.5") AS Decimal128(12, 2)), Date32("NULL"))
        "#]],
    );
    check(
        "INSERT INTO airlines VALUES ('AA', 'American')",
        expect![[r#"
            Projection: column1 AS carrier, column2 AS name
              Values: (Utf8("AA"), Utf8("American"))
        "#]],
    );
    check(
        "INSERT INTO airlines VALUES ('AA')",
        expect![[r#"
        Projection: column1 AS carrier, Utf8(NULL) AS name
          Values: (Utf8("AA"))
    "#]],
    );
    check(
        "INSERT INTO airlines (name, carrier) SELECT dest, origin FROM flights",
        expect![[r#"
            Projection: flights.origin AS carrier, flights.dest AS name
              Projection: flights.dest, flights.origin
                TableScan: flights
        "#]],
    );
    check(
        "INSERT INTO planes (tailnum, raw) VALUES ('x', '\\xdead')",
        expect![[r#"
            Projection: column1 AS tailnum, Int16(NULL) AS year, Decimal128(NULL,12,2) AS price, Date32("NULL") AS seen, column2 AS raw, Int64(NULL) AS big
              Values: (Utf8("x"), Binary("222,173"))
        "#]],
    );
    check(
        "INSERT INTO airlines DEFAULT VALUES",
        expect![[r#"
        Projection: Utf8(NULL) AS carrier, Utf8(NULL) AS name
          EmptyRelation: rows=1
    "#]],
    );
    check(
        "INSERT INTO flights (ts, dep_delay) VALUES ('2024-01-01 00:00:00+01', 5)",
        expect![[r#"
            Projection: column1 AS ts, Utf8(NULL) AS carrier, Utf8(NULL) AS tailnum, Utf8(NULL) AS origin, Utf8(NULL) AS dest, column2 AS dep_delay
              Values: (CAST(Utf8("2024-01-01 00:00:00+01") AS Timestamp(µs, "UTC")), CAST(Int64(5) AS Int32))
        "#]],
    );
    check(
        "INSERT INTO weather VALUES ('2024-01-01', 'JFK', 1, ARRAY['a'])",
        expect![[r#"
            Projection: column1 AS hour, column2 AS origin, column3 AS temp, column4 AS tags
              Values: (CAST(Utf8("2024-01-01") AS Timestamp(µs)), Utf8("JFK"), CAST(Int64(1) AS Float64), make_array(Utf8("a")))
        "#]],
    );
    check(
        "INSERT INTO airlines SELECT 'a', '2024-01-01'",
        expect![[r#"
        Projection: ?column? AS carrier, ?column?1 AS name
          Projection: Utf8("a") AS ?column?, Utf8("2024-01-01") AS ?column?1
            EmptyRelation: rows=1
    "#]],
    );
    check(
        "INSERT INTO planes (tailnum, seen) SELECT 'a', '2024-01-01'",
        expect![[r#"
            Projection: ?column? AS tailnum, Int16(NULL) AS year, Decimal128(NULL,12,2) AS price, CAST(?column?1 AS Date32) AS seen, Binary(NULL) AS raw, Int64(NULL) AS big
              Projection: Utf8("a") AS ?column?, Utf8("2024-01-01") AS ?column?1
                EmptyRelation: rows=1
        "#]],
    );
}

#[test]
fn parameters_take_the_columns_types() {
    check(
        "INSERT INTO planes VALUES ($1, $2, $3, $4, $5)",
        expect![[r#"
            Projection: column1 AS tailnum, column2 AS year, column3 AS price, column4 AS seen, column5 AS raw, Int64(NULL) AS big
              Values: ($1, $2, $3, $4, $5)
            parameters: text, smallint, numeric(12,2), date, bytea
        "#]],
    );
    check(
        "INSERT INTO airlines (name, carrier) VALUES ($1, upper($2))",
        expect![[r#"
            Projection: column2 AS carrier, column1 AS name
              Values: ($1, CAST(upper($2) AS Utf8))
            parameters: text, text
        "#]],
    );
    check(
        "INSERT INTO flights (ts) SELECT $1",
        expect![[r#"
        Projection: CAST(?column? AS Timestamp(µs, "UTC")) AS ts, Utf8(NULL) AS carrier, Utf8(NULL) AS tailnum, Utf8(NULL) AS origin, Utf8(NULL) AS dest, Int32(NULL) AS dep_delay
          Projection: $1 AS ?column?
            EmptyRelation: rows=1
        parameters: text
    "#]],
    );
    check(
        "UPDATE planes SET year = $1, price = price + $2 WHERE tailnum = $3",
        expect![[r#"
            Projection: old 0 AS old tailnum, old 1 AS old year, old 2 AS old price, old 3 AS old seen, old 4 AS old raw, old 5 AS old big, old 0 AS new tailnum, new 1 AS new year, CAST(new 2 AS Decimal128(12, 2)) AS new price, old 3 AS new seen, old 4 AS new raw, old 5 AS new big
              Projection: planes.tailnum AS old 0, planes.year AS old 1, planes.price AS old 2, planes.seen AS old 3, planes.raw AS old 4, planes.big AS old 5, $1 AS new 1, planes.price + $2 AS new 2
                Filter: planes.tailnum = $3
                  TableScan: planes
            parameters: smallint, numeric(12,2), text
        "#]],
    );
    check(
        "DELETE FROM airlines WHERE carrier = $1",
        expect![[r#"
        Projection: old 0 AS carrier, old 1 AS name
          Projection: airlines.carrier AS old 0, airlines.name AS old 1
            Filter: airlines.carrier = $1
              TableScan: airlines
        parameters: text
    "#]],
    );
    check(
        "INSERT INTO planes (tailnum, year) VALUES ($1, $2 + 1)",
        expect![[r#"
            Projection: column1 AS tailnum, column2 AS year, Decimal128(NULL,12,2) AS price, Date32("NULL") AS seen, Binary(NULL) AS raw, Int64(NULL) AS big
              Values: ($1, CAST(summit_add($2, Int64(1)) AS Int16))
            parameters: text, bigint
        "#]],
    );
}

#[test]
fn an_insert_that_does_not_fit_is_refused() {
    check(
        "INSERT INTO airlines VALUES (1, 2, 3)",
        expect![[r#"
        ERROR 42601: INSERT has more expressions than target columns
        DETAIL: 3 expressions for 2 columns.
    "#]],
    );
    check(
        "INSERT INTO airlines (carrier, name) VALUES ('a')",
        expect![[r#"
            ERROR 42601: INSERT has more target columns than expressions
            DETAIL: 1 expressions for 2 columns.
        "#]],
    );
    check(
        "INSERT INTO airlines (carrier) VALUES ('a', 'b')",
        expect![[r#"
            ERROR 42601: INSERT has more expressions than target columns
            DETAIL: 2 expressions for 1 columns.
        "#]],
    );
    check(
        "INSERT INTO airlines (carier) VALUES ('a')",
        expect![[r#"
        ERROR 42703: column "carier" of relation "airlines" does not exist
        HINT: Perhaps you meant "carrier".
    "#]],
    );
    check(
        "INSERT INTO airlines (carrier, carrier) VALUES ('a', 'b')",
        expect![[r#"
            ERROR 42701: column "carrier" specified more than once
            HINT: Give one of them another name.
        "#]],
    );
    check(
        "INSERT INTO late VALUES ('a', 1)",
        expect![[r#"
        ERROR 42809: cannot insert into view "late"
        HINT: Write to the streams and tables that the view reads.
    "#]],
    );
    check(
        "INSERT INTO per_carrier VALUES ('a', 1)",
        expect![[r#"
        ERROR 42809: cannot insert into materialized view "per_carrier"
        HINT: Write to the streams and tables that the view reads; it follows.
    "#]],
    );
    check(
        "INSERT INTO summit.views VALUES ('a')",
        expect![[r#"
        ERROR 42809: cannot insert into system relation "summit.views"
        HINT: It shows the server's state and cannot be written.
    "#]],
    );
    check(
        "INSERT INTO nope VALUES (1)",
        expect![[r#"
        ERROR 42P01: relation "nope" does not exist
        HINT: SHOW STREAMS, SHOW TABLES and SHOW VIEWS list what there is.
    "#]],
    );
    check(
        "INSERT INTO airlines VALUES ('a', 'b') RETURNING carrier",
        expect![[r#"
            ERROR 0A000: RETURNING is not available yet
            HINT: Leave it out, and select the rows afterwards.
        "#]],
    );
    check(
        "INSERT INTO airlines VALUES ('a', 'b') ON CONFLICT DO NOTHING",
        expect![[r#"
            ERROR 0A000: ON CONFLICT is not available yet
            HINT: Use UPDATE for rows that exist, and INSERT for those that do not.
        "#]],
    );
    check(
        "INSERT INTO planes (tailnum, year) SELECT carrier, origin FROM flights",
        expect![[r#"
            ERROR 42804: column "year" is of type smallint but expression is of type text
            HINT: You will need to rewrite or cast the expression.
        "#]],
    );
    check(
        "INSERT INTO planes (tailnum, year) SELECT 'a', true",
        expect![[r#"
            ERROR 42804: column "year" is of type smallint but expression is of type boolean
            HINT: You will need to rewrite or cast the expression.
        "#]],
    );
    check(
        "INSERT INTO airlines VALUES ('a', 'b'), ('c')",
        expect![[r#"
        ERROR 42601: VALUES lists must all be the same length
    "#]],
    );
    check(
        "INSERT INTO airlines SELECT 1, 2, 3",
        expect![[r#"
        ERROR 42601: INSERT has more expressions than target columns
        DETAIL: 3 expressions for 2 columns.
    "#]],
    );
    check(
        "INSERT INTO planes (tailnum, year) VALUES ('a', true)",
        expect![[r#"
            ERROR 42804: column "year" is of type smallint but expression is of type boolean
            HINT: You will need to rewrite or cast the expression.
        "#]],
    );
    check(
        "INSERT INTO planes (tailnum, seen) VALUES ('a', 5)",
        expect![[r#"
            ERROR 42804: column "seen" is of type date but expression is of type integer
            HINT: You will need to rewrite or cast the expression.
        "#]],
    );
}

#[test]
fn an_update_gives_old_and_new_rows() {
    check(
        "UPDATE airlines SET name = upper(name) WHERE carrier = 'AA'",
        expect![[r#"
            Projection: old 0 AS old carrier, old 1 AS old name, old 0 AS new carrier, new 1 AS new name
              Projection: airlines.carrier AS old 0, airlines.name AS old 1, upper(airlines.name) AS new 1
                Filter: airlines.carrier = Utf8("AA")
                  TableScan: airlines
        "#]],
    );
    check(
        "UPDATE airlines AS a SET name = 'x', carrier = DEFAULT WHERE a.carrier LIKE 'A%'",
        expect![[r#"
            Projection: old 0 AS old carrier, old 1 AS old name, CAST(new 0 AS Utf8) AS new carrier, new 1 AS new name
              Projection: a.carrier AS old 0, a.name AS old 1, NULL AS new 0, Utf8("x") AS new 1
                Filter: a.carrier LIKE Utf8("A%")
                  SubqueryAlias: a
                    TableScan: airlines
        "#]],
    );
    check(
        "UPDATE planes SET price = 10.25, seen = '2024-01-01', year = year + 1",
        expect![[r#"
            Projection: old 0 AS old tailnum, old 1 AS old year, old 2 AS old price, old 3 AS old seen, old 4 AS old raw, old 5 AS old big, old 0 AS new tailnum, CAST(new 1 AS Int16) AS new year, CAST(new 2 AS Decimal128(12, 2)) AS new price, CAST(new 3 AS Date32) AS new seen, old 4 AS new raw, old 5 AS new big
              Projection: planes.tailnum AS old 0, planes.year AS old 1, planes.price AS old 2, planes.seen AS old 3, planes.raw AS old 4, planes.big AS old 5, summit_add(CAST(planes.year AS Int64), Int64(1)) AS new 1, Utf8("10.25") AS new 2, Utf8("2024-01-01") AS new 3
                TableScan: planes
        "#]],
    );
    check(
        "UPDATE airlines SET name = p.tailnum FROM planes p WHERE p.tailnum = airlines.carrier",
        expect![[r#"
            Projection: old 0 AS old carrier, old 1 AS old name, old 0 AS new carrier, new 1 AS new name
              DistinctOn: on_expr=[[airlines.carrier]], select_expr=[[airlines.carrier AS old 0, airlines.name AS old 1, p.tailnum AS new 1]], sort_expr=[[]]
                Filter: p.tailnum = airlines.carrier
                  Cross Join:
                    TableScan: airlines
                    SubqueryAlias: p
                      TableScan: planes
        "#]],
    );
    check(
        "UPDATE public.airlines SET name = (SELECT max(origin) FROM flights)",
        expect![[r#"
            Projection: old 0 AS old carrier, old 1 AS old name, old 0 AS new carrier, new 1 AS new name
              Projection: public.airlines.carrier AS old 0, public.airlines.name AS old 1, (<subquery>) AS new 1
                Subquery:
                  Projection: max(flights.origin) AS max
                    Aggregate: groupBy=[[]], aggr=[[max(flights.origin)]]
                      TableScan: flights
                TableScan: public.airlines
        "#]],
    );
}

#[test]
fn a_delete_gives_old_rows() {
    check(
        "DELETE FROM airlines",
        expect![[r#"
        Projection: old 0 AS carrier, old 1 AS name
          Projection: airlines.carrier AS old 0, airlines.name AS old 1
            TableScan: airlines
    "#]],
    );
    check(
        "DELETE FROM airlines a WHERE a.name IS NULL",
        expect![[r#"
        Projection: old 0 AS carrier, old 1 AS name
          Projection: a.carrier AS old 0, a.name AS old 1
            Filter: a.name IS NULL
              SubqueryAlias: a
                TableScan: airlines
    "#]],
    );
    check(
        "DELETE FROM airlines USING planes p WHERE p.tailnum = airlines.carrier",
        expect![[r#"
            Projection: old 0 AS carrier, old 1 AS name
              DistinctOn: on_expr=[[airlines.carrier]], select_expr=[[airlines.carrier AS old 0, airlines.name AS old 1]], sort_expr=[[]]
                Filter: p.tailnum = airlines.carrier
                  Cross Join:
                    TableScan: airlines
                    SubqueryAlias: p
                      TableScan: planes
        "#]],
    );
    check(
        "DELETE FROM airlines WHERE carrier IN (SELECT carrier FROM flights)",
        expect![[r#"
            Projection: old 0 AS carrier, old 1 AS name
              Projection: airlines.carrier AS old 0, airlines.name AS old 1
                Filter: airlines.carrier IN (<subquery>)
                  Subquery:
                    Projection: flights.carrier
                      TableScan: flights
                  TableScan: airlines
        "#]],
    );
}

#[test]
fn an_update_or_delete_that_cannot_be_is_refused() {
    check(
        "UPDATE flights SET carrier = 'x'",
        expect![[r#"
        ERROR 42809: cannot update stream "flights"
        HINT: A stream's rows never change. Use CREATE TABLE for rows that do.
    "#]],
    );
    check(
        "DELETE FROM flights",
        expect![[r#"
        ERROR 42809: cannot delete from stream "flights"
        HINT: A stream's rows never change. Use CREATE TABLE for rows that do.
    "#]],
    );
    check(
        "UPDATE late SET carrier = 'x'",
        expect![[r#"
        ERROR 42809: cannot update view "late"
        HINT: Write to the streams and tables that the view reads.
    "#]],
    );
    check(
        "DELETE FROM per_carrier",
        expect![[r#"
        ERROR 42809: cannot delete from materialized view "per_carrier"
        HINT: Write to the streams and tables that the view reads; it follows.
    "#]],
    );
    check(
        "UPDATE airlines SET nme = 'x'",
        expect![[r#"
        ERROR 42703: column "nme" of relation "airlines" does not exist
        HINT: Perhaps you meant "name".
    "#]],
    );
    check(
        "UPDATE airlines SET name = 'x', name = 'y'",
        expect![[r#"
        ERROR 42601: multiple assignments to same column "name"
    "#]],
    );
    check(
        "UPDATE airlines SET (name, carrier) = ('x', 'y')",
        expect![[r#"
            ERROR 0A000: SET (a, b) = … is not available yet
            HINT: Assign each column: SET a = …, b = ….
        "#]],
    );
    check(
        "UPDATE airlines SET name = 'x' RETURNING name",
        expect![[r#"
        ERROR 0A000: RETURNING is not available yet
        HINT: Leave it out, and select the rows afterwards.
    "#]],
    );
    check(
        "DELETE FROM airlines WHERE nme = 'x'",
        expect![[r#"
        ERROR 42703: column "nme" does not exist
        HINT: Perhaps you meant to reference the column "airlines.name".
        AT: 28
    "#]],
    );
    check(
        "UPDATE planes SET year = 'x' || 'y'",
        expect![[r#"
        ERROR 42804: column "year" is of type smallint but expression is of type text
        HINT: You will need to rewrite or cast the expression.
    "#]],
    );
    check(
        "UPDATE planes SET year = true",
        expect![[r#"
        ERROR 42804: column "year" is of type smallint but expression is of type boolean
        HINT: You will need to rewrite or cast the expression.
    "#]],
    );
    check(
        "DELETE FROM airlines RETURNING carrier",
        expect![[r#"
        ERROR 0A000: RETURNING is not available yet
        HINT: Leave it out, and select the rows afterwards.
    "#]],
    );
}
