//! Views: their operators.

use expect_test::{Expect, expect};

use super::database::Database;

fn check(sql: &str, expected: Expect) {
    expected.assert_eq(&Database::new().view(sql));
}

#[test]
fn a_filter_and_a_projection_stay_append_only() {
    check(
        "SELECT carrier, dep_delay * 2 AS twice FROM flights WHERE dep_delay > 15 AND origin = 'JFK'",
        expect![[r#"
            (carrier text, twice bigint)
            Project [append-only]
              columns: carrier, CAST(dep_delay AS bigint) * 2 AS twice
            -> Filter [append-only]
                 where: dep_delay > 15 AND origin = 'JFK'
               -> Source flights [append-only]
                    columns: carrier, origin, dep_delay
        "#]],
    );
}

#[test]
fn a_windowed_count_is_an_aggregate_over_a_projection() {
    check(
        "SELECT origin, window_start, window_end, count(*) AS flights, avg(dep_delay) AS delay FROM TUMBLE(flights, ts, INTERVAL '1 hour') GROUP BY origin, window_start, window_end",
        expect![[r#"
            (origin text, window_start timestamp with time zone, window_end timestamp with time zone, flights bigint, delay double precision)
            Project [changing]
              columns: origin, window_start, window_end, count(*) AS flights, avg(CAST(dep_delay AS double precision)) AS delay
            -> Aggregate [changing]
                 group by: origin, window_start, window_end
                 aggregates: count(*), avg(CAST(dep_delay AS double precision))
                 keeps: each group
               -> Project [append-only]
                    columns: origin, dep_delay, window_start, summit_window_end(window_start, interval '1 hours') AS window_end
                  -> Project [append-only]
                       columns: origin, dep_delay, summit_tumble_start(ts, interval '1 hours') AS window_start
                     -> Source flights [append-only]
                          columns: ts, origin, dep_delay
        "#]],
    );
    check(
        "SELECT origin, window_start, count(*) FROM flights WINDOW TUMBLE (ts, INTERVAL '1 hour') GROUP BY origin, window_start, window_end",
        expect![[r#"
            (origin text, window_start timestamp with time zone, count bigint)
            Project [changing]
              columns: origin, window_start, count(*) AS count
            -> Aggregate [changing]
                 group by: origin, window_start, window_end
                 aggregates: count(*)
                 keeps: each group
               -> Project [append-only]
                    columns: origin, window_start, summit_window_end(window_start, interval '1 hours') AS window_end
                  -> Project [append-only]
                       columns: origin, summit_tumble_start(ts, interval '1 hours') AS window_start
                     -> Source flights [append-only]
                          columns: ts, origin
        "#]],
    );
}

#[test]
fn a_hop_window_unnests_its_starts() {
    check(
        "SELECT f.origin, f.window_start, max(f.dep_delay) FROM HOP(flights, ts, INTERVAL '5 minutes', INTERVAL '1 hour') AS f GROUP BY 1, 2",
        expect![[r#"
            (origin text, window_start timestamp with time zone, max integer)
            Project [changing]
              columns: origin, window_start, max(dep_delay) AS max
            -> Aggregate [changing]
                 group by: origin, window_start
                 aggregates: max(dep_delay)
                 keeps: each group
               -> Unnest window_start [append-only]
                  -> Project [append-only]
                       columns: origin, dep_delay, summit_hop_starts(ts, interval '5 mins', interval '1 hours') AS window_start
                     -> Source flights [append-only]
                          columns: ts, origin, dep_delay
        "#]],
    );
}

#[test]
fn rows_without_an_event_time_are_in_no_window() {
    check(
        "SELECT * FROM TUMBLE(weather, hour, INTERVAL '1 day', INTERVAL '2 hours')",
        expect![[r#"
            (hour timestamp without time zone, origin text, temp double precision, tags text[], window_start timestamp without time zone, window_end timestamp without time zone)
            Project [append-only]
              columns: hour, origin, temp, tags, window_start, summit_window_end(window_start, interval '24 hours') AS window_end
            -> Project [append-only]
                 columns: hour, origin, temp, tags, summit_tumble_start(hour, interval '24 hours', interval '2 hours') AS window_start
               -> Filter [append-only]
                    where: hour IS NOT NULL
                  -> Source weather [append-only]
                       columns: all
        "#]],
    );
}

#[test]
fn windows_work_over_views_and_ctes() {
    check(
        "WITH late AS (SELECT ts, carrier FROM flights WHERE dep_delay > 15) SELECT carrier, window_start, count(*) FROM TUMBLE(late, ts, INTERVAL '1 hour') GROUP BY carrier, window_start",
        expect![[r#"
            (carrier text, window_start timestamp with time zone, count bigint)
            Project [changing]
              columns: carrier, window_start, count(*) AS count
            -> Aggregate [changing]
                 group by: carrier, window_start
                 aggregates: count(*)
                 keeps: each group
               -> Project [append-only]
                    columns: carrier, summit_tumble_start(ts, interval '1 hours') AS window_start
                  -> Project [append-only]
                       columns: ts, carrier
                     -> Filter [append-only]
                          where: dep_delay > 15
                        -> Source flights [append-only]
                             columns: ts, carrier, dep_delay
        "#]],
    );
    check(
        "SELECT window_end, count(*) FROM TUMBLE(ontime, ts, INTERVAL '1 hour') GROUP BY window_end",
        expect![[r#"
            (window_end timestamp with time zone, count bigint)
            Project [changing]
              columns: window_end, count(*) AS count
            -> Aggregate [changing]
                 group by: window_end
                 aggregates: count(*)
                 keeps: each group
               -> Project [append-only]
                    columns: summit_window_end(summit_tumble_start(ts, interval '1 hours'), interval '1 hours') AS window_end
                  -> Source ontime [append-only]
                       columns: ts
        "#]],
    );
    check(
        "SELECT count(*) FROM TUMBLE((SELECT ts FROM flights), ts, INTERVAL '1 hour') AS w GROUP BY w.window_start",
        expect![[r#"
            (count bigint)
            Project [changing]
              columns: count(*) AS count
            -> Aggregate [changing]
                 group by: window_start
                 aggregates: count(*)
                 keeps: each group
               -> Project [append-only]
                    columns: summit_tumble_start(ts, interval '1 hours') AS window_start
                  -> Source flights [append-only]
                       columns: ts
        "#]],
    );
}

#[test]
fn unions_of_append_only_inputs_are_append_only() {
    check(
        "SELECT carrier FROM flights UNION ALL SELECT origin FROM weather",
        expect![[r#"
            (carrier text)
            Union [append-only]
            -> Source flights [append-only]
                 columns: carrier
            -> Project [append-only]
                 columns: origin AS carrier
               -> Source weather [append-only]
                    columns: origin
        "#]],
    );
    check(
        "SELECT carrier FROM flights UNION SELECT carrier FROM airlines",
        expect![[r#"
            (carrier character varying(10))
            Distinct [changing]
              group by: carrier
              keeps: each group
            -> Union [changing]
               -> Source flights [append-only]
                    columns: carrier
               -> Source airlines [changing]
                    columns: carrier
        "#]],
    );
    check(
        "SELECT count(*) FROM (SELECT 1 FROM flights UNION ALL SELECT 2 FROM weather) AS u",
        expect![[r#"
            (count bigint)
            Project [changing]
              columns: count(*) AS count
            -> Aggregate [changing]
                 aggregates: count(*)
                 keeps: one group
               -> Union [append-only]
                  -> Project [append-only]
                       columns: true
                     -> Source flights [append-only]
                          columns: ts
                  -> Project [append-only]
                       columns: true
                     -> Source weather [append-only]
                          columns: hour
        "#]],
    );
    check(
        "SELECT dep_delay FROM flights UNION ALL SELECT temp FROM weather",
        expect![[r#"
            (dep_delay double precision)
            Union [append-only]
            -> Project [append-only]
                 columns: CAST(dep_delay AS double precision) AS dep_delay
               -> Source flights [append-only]
                    columns: dep_delay
            -> Project [append-only]
                 columns: temp AS dep_delay
               -> Source weather [append-only]
                    columns: temp
        "#]],
    );
}

#[test]
fn distinct_is_an_aggregate_without_functions() {
    check(
        "SELECT DISTINCT origin, dest FROM flights",
        expect![[r#"
        (origin text, dest text)
        Distinct [changing]
          group by: origin, dest
          keeps: each group
        -> Source flights [append-only]
             columns: origin, dest
    "#]],
    );
    check(
        "SELECT count(DISTINCT origin), count(*) FROM flights",
        expect![[r#"
            (count bigint, count bigint)
            Project [changing]
              columns: count(DISTINCT origin) AS count, count(*) AS count
            -> Aggregate [changing]
                 aggregates: count(DISTINCT origin), count(*)
                 keeps: one group
               -> Source flights [append-only]
                    columns: origin
        "#]],
    );
}

#[test]
fn aggregates_carry_filter_distinct_order_and_having() {
    check(
        "SELECT origin, count(*) FILTER (WHERE dep_delay > 15) AS late, sum(DISTINCT dep_delay) AS s, string_agg(carrier, ',' ORDER BY ts DESC) AS c FROM flights GROUP BY origin HAVING count(*) > 2",
        expect![[r#"
            (origin text, late bigint, s bigint, c text)
            Project [changing]
              columns: origin, count(*) FILTER (WHERE dep_delay > 15) AS late, sum(DISTINCT CAST(dep_delay AS bigint)) AS s, CAST(string_agg(carrier, ',' ORDER BY ts DESC) AS text) AS c
            -> Filter [changing]
                 where: count(*) > 2
               -> Aggregate [changing]
                    group by: origin
                    aggregates: count(*) FILTER (WHERE dep_delay > 15), sum(DISTINCT CAST(dep_delay AS bigint)), string_agg(carrier, ',' ORDER BY ts DESC), count(*)
                    keeps: each group
                  -> Source flights [append-only]
                       columns: ts, carrier, origin, dep_delay
        "#]],
    );
    check(
        "SELECT date_trunc('hour', ts) AS hour, min(dep_delay), max(dep_delay) FROM flights GROUP BY date_trunc('hour', ts)",
        expect![[r#"
            (hour timestamp with time zone, min integer, max integer)
            Project [changing]
              columns: date_trunc('hour', ts) AS hour, min(dep_delay) AS min, max(dep_delay) AS max
            -> Aggregate [changing]
                 group by: date_trunc('hour', ts)
                 aggregates: min(dep_delay), max(dep_delay)
                 keeps: each group
               -> Source flights [append-only]
                    columns: ts, dep_delay
        "#]],
    );
    check(
        "SELECT count(*) FROM flights",
        expect![[r#"
        (count bigint)
        Project [changing]
          columns: count(*) AS count
        -> Aggregate [changing]
             aggregates: count(*)
             keeps: one group
           -> Source flights [append-only]
                columns: ts
    "#]],
    );
    check(
        "SELECT sum(dep_delay) / count(*) AS mean FROM flights",
        expect![[r#"
            (mean bigint)
            Project [changing]
              columns: sum(CAST(dep_delay AS bigint)) / count(*) AS mean
            -> Aggregate [changing]
                 aggregates: sum(CAST(dep_delay AS bigint)), count(*)
                 keeps: one group
               -> Source flights [append-only]
                    columns: dep_delay
        "#]],
    );
    check(
        "SELECT upper(origin), count(*) FROM flights GROUP BY 1",
        expect![[r#"
            (upper text, count bigint)
            Project [changing]
              columns: upper(origin) AS upper, count(*) AS count
            -> Aggregate [changing]
                 group by: upper(origin)
                 aggregates: count(*)
                 keeps: each group
               -> Source flights [append-only]
                    columns: origin
        "#]],
    );
    check(
        "SELECT dest, count(*), 1 AS one FROM flights GROUP BY dest, one",
        expect![[r#"
            (dest text, count bigint, one integer)
            Project [changing]
              columns: dest, count(*) AS count, 1 AS one
            -> Aggregate [changing]
                 group by: dest, 1
                 aggregates: count(*)
                 keeps: each group
               -> Source flights [append-only]
                    columns: dest
        "#]],
    );
    check(
        "SELECT sum(dep_delay * 1.5) FROM flights",
        expect![[r#"
        (sum double precision)
        Project [changing]
          columns: sum(CAST(dep_delay AS double precision) * 1.5) AS sum
        -> Aggregate [changing]
             aggregates: sum(CAST(dep_delay AS double precision) * 1.5)
             keeps: one group
           -> Source flights [append-only]
                columns: dep_delay
    "#]],
    );
    check(
        "SELECT 'all' AS what, count(*) AS n FROM flights GROUP BY 1",
        expect![[r#"
            (what text, n bigint)
            Project [changing]
              columns: 'all' AS what, count(*) AS n
            -> Aggregate [changing]
                 group by: 'all'
                 aggregates: count(*)
                 keeps: each group
               -> Source flights [append-only]
                    columns: ts
        "#]],
    );
    check(
        "SELECT array_agg(carrier ORDER BY ts) FILTER (WHERE origin = 'JFK') AS c, stddev(dep_delay) AS d, bool_or(dep_delay > 5) AS late FROM flights",
        expect![[r#"
            (c text[], d double precision, late boolean)
            Project [changing]
              columns: array_agg(carrier ORDER BY ts) FILTER (WHERE origin = 'JFK') AS c, stddev(CAST(dep_delay AS double precision)) AS d, bool_or(dep_delay > 5) AS late
            -> Aggregate [changing]
                 aggregates: array_agg(carrier ORDER BY ts) FILTER (WHERE origin = 'JFK'), stddev(CAST(dep_delay AS double precision)), bool_or(dep_delay > 5)
                 keeps: one group
               -> Source flights [append-only]
                    columns: ts, carrier, origin, dep_delay
        "#]],
    );
    check(
        "SELECT rank() OVER () AS r FROM flights",
        expect![[r#"
        ERROR 0A000: a materialized view cannot have window functions (OVER) yet
        HINT: Use GROUP BY with aggregates, or window functions when you select from the view.
    "#]],
    );
}

#[test]
fn plain_views_are_planned_into_their_reader() {
    check(
        "SELECT carrier, count(*) FROM late GROUP BY carrier",
        expect![[r#"
            (carrier text, count bigint)
            Project [changing]
              columns: carrier, count(*) AS count
            -> Aggregate [changing]
                 group by: carrier
                 aggregates: count(*)
                 keeps: each group
               -> Project [append-only]
                    columns: carrier
                  -> Filter [append-only]
                       where: dep_delay > 15
                     -> Source flights [append-only]
                          columns: carrier, dep_delay
        "#]],
    );
    check(
        "SELECT l.carrier FROM late l JOIN late m ON l.carrier = m.carrier",
        expect![[r#"
            (carrier text)
            Project [append-only]
              columns: carrier
            -> Join [append-only]
                 on: left.carrier = right.carrier
                 keeps: the rows of both sides
               -> Project [append-only]
                    columns: carrier
                  -> Filter [append-only]
                       where: dep_delay > 15
                     -> Source flights [append-only]
                          columns: carrier, dep_delay
               -> Project [append-only]
                    columns: carrier
                  -> Filter [append-only]
                       where: dep_delay > 15
                     -> Source flights [append-only]
                          columns: carrier, dep_delay
        "#]],
    );
}

#[test]
fn views_over_views_know_whether_rows_go() {
    check(
        "SELECT * FROM per_carrier WHERE n > 5",
        expect![[r#"
        (carrier text, n bigint)
        Filter [changing]
          where: n > 5
        -> Source per_carrier [changing]
             columns: all
    "#]],
    );
    check(
        "SELECT * FROM ontime",
        expect![[r#"
        (ts timestamp with time zone, carrier text)
        Source ontime [append-only]
          columns: all
    "#]],
    );
}

#[test]
fn constants_are_rows_that_stay() {
    check(
        "SELECT 1 AS one, 'a' AS a",
        expect![[r#"
        (one integer, a text)
        Project [append-only]
          columns: 1 AS one, 'a' AS a
        -> Constant of 1 row [append-only]
    "#]],
    );
    check(
        "VALUES (1, 'x'), (2, NULL)",
        expect![[r#"
        (column1 bigint, column2 text)
        Constant of 2 rows [append-only]
    "#]],
    );
    check(
        "SELECT v.x FROM (VALUES (1), (2)) AS v(x) JOIN planes p ON p.year = v.x",
        expect![[r#"
            (x bigint)
            Project [changing]
              columns: x
            -> Join [changing]
                 on: left.x = CAST(right.year AS bigint)
                 keeps: the rows of both sides
               -> Project [append-only]
                    columns: column1 AS x
                  -> Constant of 2 rows [append-only]
               -> Source planes [changing]
                    columns: year
        "#]],
    );
    check(
        "SELECT * FROM flights WHERE false",
        expect![[r#"
        (ts timestamp with time zone, carrier text, tailnum text, origin text, dest text, dep_delay integer)
        Constant of 0 rows [append-only]
    "#]],
    );
}

#[test]
fn unnest_takes_a_list_apart() {
    check(
        "SELECT origin, unnest(tags) AS tag FROM weather",
        expect![[r#"
            (origin text, tag text)
            Project [append-only]
              columns: origin, __unnest_placeholder(weather.tags,depth=1) AS tag
            -> Unnest __unnest_placeholder(weather.tags) [append-only]
               -> Project [append-only]
                    columns: origin, tags AS __unnest_placeholder(weather.tags)
                  -> Source weather [append-only]
                       columns: origin, tags
        "#]],
    );
}

#[test]
fn case_like_between_in_and_casts_are_expressions() {
    check(
        "SELECT CASE WHEN dep_delay > 15 THEN 'late' ELSE 'ok' END AS state, dep_delay::text AS t FROM flights WHERE origin IN ('JFK', 'LGA') AND carrier LIKE 'A%' AND dep_delay BETWEEN 1 AND 9 AND ts > '2024-01-01'",
        expect![[r#"
            (state text, t text)
            Project [append-only]
              columns: CASE WHEN dep_delay > 15 THEN 'late' ELSE 'ok' END AS state, CAST(dep_delay AS text) AS t
            -> Filter [append-only]
                 where: (origin = 'JFK' OR origin = 'LGA') AND dep_delay >= 1 AND dep_delay <= 9 AND ts > timestamp with time zone '2024-01-01T00:00:00Z' AND carrier LIKE 'A%'
               -> Source flights [append-only]
                    columns: ts, carrier, origin, dep_delay
        "#]],
    );
    check(
        "SELECT ts + INTERVAL '1 day' AS next, extract(hour FROM ts) AS h, ts::date AS d FROM flights WHERE ts < TIMESTAMPTZ '2024-01-01 00:00:00+01'",
        expect![[r#"
            (next timestamp with time zone, h integer, d date)
            Project [append-only]
              columns: ts + interval '1 days' AS next, date_part('HOUR', ts) AS h, CAST(ts AS date) AS d
            -> Filter [append-only]
                 where: ts < timestamp with time zone '2023-12-31T23:00:00Z'
               -> Source flights [append-only]
                    columns: ts
        "#]],
    );
}

#[test]
fn windows_join_by_their_start() {
    check(
        "SELECT f.window_start, count(*) AS n FROM TUMBLE(flights, ts, INTERVAL '1 hour') AS f JOIN TUMBLE(weather, hour, INTERVAL '1 hour') AS w ON f.origin = w.origin AND f.window_start = w.window_start GROUP BY f.window_start",
        expect![[r#"
        (window_start timestamp with time zone, n bigint)
        Project [changing]
          columns: window_start, count(*) AS n
        -> Aggregate [changing]
             group by: window_start
             aggregates: count(*)
             keeps: each group
           -> Project [append-only]
                columns: window_start
              -> Join [append-only]
                   on: flights.origin = weather.origin AND flights.window_start = CAST(weather.window_start AS timestamp with time zone)
                   keeps: the rows of both sides
                 -> Project [append-only]
                      columns: origin, summit_tumble_start(ts, interval '1 hours') AS window_start
                    -> Source flights [append-only]
                         columns: ts, origin
                 -> Project [append-only]
                      columns: origin, summit_tumble_start(hour, interval '1 hours') AS window_start
                    -> Filter [append-only]
                         where: hour IS NOT NULL
                       -> Source weather [append-only]
                            columns: hour, origin
    "#]],
    );
    check(
        "SELECT * FROM generate_series(1, 3) AS g",
        expect![[r#"
        ERROR 0A000: a materialized view cannot read generate_series yet
        HINT: Use VALUES, or a table with the rows.
    "#]],
    );
    check(
        "SELECT carrier, name, n FROM airlines NATURAL JOIN per_carrier",
        expect![[r#"
        (carrier character varying(10), name text, n bigint)
        Project [changing]
          columns: carrier, name, n
        -> Join [changing]
             on: airlines.carrier = per_carrier.carrier
             keeps: the rows of both sides
           -> Source airlines [changing]
                columns: all
           -> Source per_carrier [changing]
                columns: all
    "#]],
    );
}
