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
        expect![""],
    );
}

#[test]
fn a_windowed_count_is_an_aggregate_over_a_projection() {
    check(
        "SELECT origin, window_start, window_end, count(*) AS flights, avg(dep_delay) AS delay FROM TUMBLE(flights, ts, INTERVAL '1 hour') GROUP BY origin, window_start, window_end",
        expect![""],
    );
    check(
        "SELECT origin, window_start, count(*) FROM flights WINDOW TUMBLE (ts, INTERVAL '1 hour') GROUP BY origin, window_start, window_end",
        expect![""],
    );
}

#[test]
fn a_hop_window_unnests_its_starts() {
    check(
        "SELECT f.origin, f.window_start, max(f.dep_delay) FROM HOP(flights, ts, INTERVAL '5 minutes', INTERVAL '1 hour') AS f GROUP BY 1, 2",
        expect![""],
    );
}

#[test]
fn rows_without_an_event_time_are_in_no_window() {
    check(
        "SELECT * FROM TUMBLE(weather, hour, INTERVAL '1 day', INTERVAL '2 hours')",
        expect![""],
    );
}

#[test]
fn windows_work_over_views_and_ctes() {
    check(
        "WITH late AS (SELECT ts, carrier FROM flights WHERE dep_delay > 15) SELECT carrier, window_start, count(*) FROM TUMBLE(late, ts, INTERVAL '1 hour') GROUP BY carrier, window_start",
        expect![""],
    );
    check(
        "SELECT window_end, count(*) FROM TUMBLE(ontime, ts, INTERVAL '1 hour') GROUP BY window_end",
        expect![""],
    );
    check(
        "SELECT count(*) FROM TUMBLE((SELECT ts FROM flights), ts, INTERVAL '1 hour') AS w GROUP BY w.window_start",
        expect![""],
    );
}

#[test]
fn joins_keep_both_sides() {
    check(
        "SELECT f.ts, a.name FROM flights f JOIN airlines a ON f.carrier = a.carrier WHERE f.dep_delay > 0",
        expect![""],
    );
    check(
        "SELECT a.name, p.n FROM airlines a, per_carrier p WHERE a.carrier = p.carrier AND p.n > 10",
        expect![""],
    );
    check(
        "SELECT a.carrier, b.carrier AS other FROM flights a JOIN flights b USING (tailnum) WHERE a.dep_delay < b.dep_delay",
        expect![""],
    );
    check(
        "SELECT a.carrier, w.temp FROM flights a JOIN weather w ON a.dep_delay > w.temp",
        expect![""],
    );
    check(
        "SELECT a.carrier, w.temp FROM flights a CROSS JOIN weather w",
        expect![""],
    );
    check("SELECT count(*) FROM flights, weather", expect![""]);
    check(
        "SELECT a.carrier FROM flights a JOIN airlines b ON a.carrier IS NOT DISTINCT FROM b.carrier",
        expect![""],
    );
    check(
        "SELECT f.carrier, p.year FROM flights f JOIN planes p ON f.dep_delay = p.year",
        expect![""],
    );
    check(
        "SELECT f.ts, a.name, p.year FROM flights f, airlines a, planes p WHERE f.carrier = a.carrier AND p.tailnum = f.tailnum",
        expect![""],
    );
}

#[test]
fn unions_of_append_only_inputs_are_append_only() {
    check(
        "SELECT carrier FROM flights UNION ALL SELECT origin FROM weather",
        expect![""],
    );
    check(
        "SELECT carrier FROM flights UNION SELECT carrier FROM airlines",
        expect![""],
    );
    check(
        "SELECT count(*) FROM (SELECT 1 FROM flights UNION ALL SELECT 2 FROM weather) AS u",
        expect![""],
    );
    check(
        "SELECT dep_delay FROM flights UNION ALL SELECT temp FROM weather",
        expect![""],
    );
}

#[test]
fn distinct_is_an_aggregate_without_functions() {
    check("SELECT DISTINCT origin, dest FROM flights", expect![""]);
    check(
        "SELECT count(DISTINCT origin), count(*) FROM flights",
        expect![""],
    );
}

#[test]
fn aggregates_carry_filter_distinct_order_and_having() {
    check(
        "SELECT origin, count(*) FILTER (WHERE dep_delay > 15) AS late, sum(DISTINCT dep_delay) AS s, string_agg(carrier, ',' ORDER BY ts DESC) AS c FROM flights GROUP BY origin HAVING count(*) > 2",
        expect![""],
    );
    check(
        "SELECT date_trunc('hour', ts) AS hour, min(dep_delay), max(dep_delay) FROM flights GROUP BY date_trunc('hour', ts)",
        expect![""],
    );
    check("SELECT count(*) FROM flights", expect![""]);
    check(
        "SELECT sum(dep_delay) / count(*) AS mean FROM flights",
        expect![""],
    );
    check(
        "SELECT upper(origin), count(*) FROM flights GROUP BY 1",
        expect![""],
    );
    check(
        "SELECT dest, count(*), 1 AS one FROM flights GROUP BY dest, one",
        expect![""],
    );
    check("SELECT sum(dep_delay * 1.5) FROM flights", expect![""]);
    check(
        "SELECT 'all' AS what, count(*) AS n FROM flights GROUP BY 1",
        expect![""],
    );
    check(
        "SELECT array_agg(carrier ORDER BY ts) FILTER (WHERE origin = 'JFK') AS c, stddev(dep_delay) AS d, bool_or(dep_delay > 5) AS late FROM flights",
        expect![""],
    );
    check("SELECT rank() OVER () AS r FROM flights", expect![""]);
}

#[test]
fn plain_views_are_planned_into_their_reader() {
    check(
        "SELECT carrier, count(*) FROM late GROUP BY carrier",
        expect![""],
    );
    check(
        "SELECT l.carrier FROM late l JOIN late m ON l.carrier = m.carrier",
        expect![""],
    );
}

#[test]
fn views_over_views_know_whether_rows_go() {
    check("SELECT * FROM per_carrier WHERE n > 5", expect![""]);
    check("SELECT * FROM ontime", expect![""]);
}

#[test]
fn constants_are_rows_that_stay() {
    check("SELECT 1 AS one, 'a' AS a", expect![""]);
    check("VALUES (1, 'x'), (2, NULL)", expect![""]);
    check(
        "SELECT v.x FROM (VALUES (1), (2)) AS v(x) JOIN planes p ON p.year = v.x",
        expect![""],
    );
    check("SELECT * FROM flights WHERE false", expect![""]);
}

#[test]
fn unnest_takes_a_list_apart() {
    check(
        "SELECT origin, unnest(tags) AS tag FROM weather",
        expect![""],
    );
}

#[test]
fn case_like_between_in_and_casts_are_expressions() {
    check(
        "SELECT CASE WHEN dep_delay > 15 THEN 'late' ELSE 'ok' END AS state, dep_delay::text AS t FROM flights WHERE origin IN ('JFK', 'LGA') AND carrier LIKE 'A%' AND dep_delay BETWEEN 1 AND 9 AND ts > '2024-01-01'",
        expect![""],
    );
    check(
        "SELECT ts + INTERVAL '1 day' AS next, extract(hour FROM ts) AS h, ts::date AS d FROM flights WHERE ts < TIMESTAMPTZ '2024-01-01 00:00:00+01'",
        expect![""],
    );
}
