//! Views: joins.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().view(sql));
}

#[test]
fn joins_keep_both_sides() {
    check(
        "SELECT f.ts, a.name FROM flights f JOIN airlines a ON f.carrier = a.carrier WHERE f.dep_delay > 0",
        expect![[r#"
            (ts timestamp with time zone, name text)
            Project [changing]
              columns: ts, name
            -> Join [changing]
                 on: flights.carrier = airlines.carrier
                 keeps: the rows of both sides
               -> Project [append-only]
                    columns: ts, carrier
                  -> Filter [append-only]
                       where: dep_delay > 0
                     -> Source flights [append-only]
                          columns: ts, carrier, dep_delay
               -> Source airlines [changing]
                    columns: all
        "#]],
    );
    check(
        "SELECT a.name, p.n FROM airlines a, per_carrier p WHERE a.carrier = p.carrier AND p.n > 10",
        expect![[r#"
            (name text, n bigint)
            Project [changing]
              columns: name, n
            -> Join [changing]
                 on: airlines.carrier = per_carrier.carrier
                 keeps: the rows of both sides
               -> Source airlines [changing]
                    columns: all
               -> Filter [changing]
                    where: n > 10
                  -> Source per_carrier [changing]
                       columns: all
        "#]],
    );
    check(
        "SELECT a.carrier, b.carrier AS other FROM flights a JOIN flights b USING (tailnum) WHERE a.dep_delay < b.dep_delay",
        expect![[r#"
            (carrier text, other text)
            Project [append-only]
              columns: carrier, carrier AS other
            -> Join [append-only]
                 on: left.tailnum = right.tailnum
                 where: right.dep_delay > left.dep_delay
                 keeps: the rows of both sides
               -> Source flights [append-only]
                    columns: carrier, tailnum, dep_delay
               -> Source flights [append-only]
                    columns: carrier, tailnum, dep_delay
        "#]],
    );
    check(
        "SELECT a.carrier, w.temp FROM flights a JOIN weather w ON a.dep_delay > w.temp",
        expect![[r#"
            (carrier text, temp double precision)
            Project [append-only]
              columns: carrier, temp
            -> Join [append-only]
                 where: CAST(flights.dep_delay AS double precision) > weather.temp
                 keeps: the rows of both sides
               -> Source flights [append-only]
                    columns: carrier, dep_delay
               -> Source weather [append-only]
                    columns: temp
        "#]],
    );
    check(
        "SELECT a.carrier, w.temp FROM flights a CROSS JOIN weather w",
        expect![[r#"
            (carrier text, temp double precision)
            Cross join [append-only]
              keeps: the rows of both sides
            -> Source flights [append-only]
                 columns: carrier
            -> Source weather [append-only]
                 columns: temp
        "#]],
    );
    check(
        "SELECT count(*) FROM flights, weather",
        expect![[r#"
        (count bigint)
        Project [changing]
          columns: count(*) AS count
        -> Aggregate [changing]
             aggregates: count(*)
             keeps: one group
           -> Cross join [append-only]
                keeps: the rows of both sides
              -> Source flights [append-only]
                   columns: ts
              -> Source weather [append-only]
                   columns: hour
    "#]],
    );
    check(
        "SELECT a.carrier FROM flights a JOIN airlines b ON a.carrier IS NOT DISTINCT FROM b.carrier",
        expect![[r#"
            (carrier text)
            Project [changing]
              columns: carrier
            -> Join [changing]
                 on: flights.carrier IS NOT DISTINCT FROM airlines.carrier
                 keeps: the rows of both sides
               -> Source flights [append-only]
                    columns: carrier
               -> Source airlines [changing]
                    columns: carrier
        "#]],
    );
    check(
        "SELECT f.carrier, p.year FROM flights f JOIN planes p ON f.dep_delay = p.year",
        expect![[r#"
            (carrier text, year smallint)
            Project [changing]
              columns: carrier, year
            -> Join [changing]
                 on: flights.dep_delay = CAST(planes.year AS integer)
                 keeps: the rows of both sides
               -> Source flights [append-only]
                    columns: carrier, dep_delay
               -> Source planes [changing]
                    columns: year
        "#]],
    );
    check(
        "SELECT f.ts, a.name, p.year FROM flights f, airlines a, planes p WHERE f.carrier = a.carrier AND p.tailnum = f.tailnum",
        expect![[r#"
            (ts timestamp with time zone, name text, year smallint)
            Project [changing]
              columns: ts, name, year
            -> Join [changing]
                 on: left.tailnum = right.tailnum
                 keeps: the rows of both sides
               -> Project [changing]
                    columns: ts, tailnum, name
                  -> Join [changing]
                       on: flights.carrier = airlines.carrier
                       keeps: the rows of both sides
                     -> Source flights [append-only]
                          columns: ts, carrier, tailnum
                     -> Source airlines [changing]
                          columns: all
               -> Source planes [changing]
                    columns: tailnum, year
        "#]],
    );
}
