//! The views that the oracle keeps.

/// A materialized view.
#[derive(Debug)]
pub struct View {
    pub name: &'static str,
    /// Materialized views that it reads.
    pub needs: &'static [&'static str],
    pub query: &'static str,
}

const fn view(name: &'static str, needs: &'static [&'static str], query: &'static str) -> View {
    View { name, needs, query }
}

/// What a view needs stands before it.
pub const VIEWS: &[View] = &[
    view(
        "filtered",
        &[],
        "SELECT id, k, a + 1 AS a1, a % 3 AS m, -n AS neg, f * 2 AS f2 FROM s WHERE a > 2 AND ok IS NOT FALSE",
    ),
    view(
        "cases",
        &[],
        "SELECT id, CASE WHEN a < 0 THEN 'neg' WHEN a < 10 THEN 'low' ELSE 'high' END AS size, coalesce(k, '?') AS k, CAST(a AS TEXT) AS at, CAST(n AS BIGINT) AS whole, nullif(a, 3) AS na FROM s",
    ),
    view(
        "strings",
        &[],
        "SELECT id, upper(k) AS up, length(k) AS len, k || '-' || CAST(id AS TEXT) AS tag, substr(k, 1, 1) AS first, k LIKE '%d' AS like_d FROM e WHERE k IN ('a', 'dd', 'E') OR k IS NULL",
    ),
    view(
        "dates",
        &[],
        "SELECT id, date_trunc('hour', ts) AS hour, extract(minute FROM ts) AS minute, ts + INTERVAL '90 seconds' AS later FROM e",
    ),
    view(
        "tumble",
        &[],
        "SELECT k, window_start, window_end, count(*) AS c, sum(a) AS sa, avg(n) AS an, max(f) AS mf FROM s WINDOW TUMBLE (ts, INTERVAL '10 minutes') GROUP BY k, window_start, window_end",
    ),
    view(
        "tumble_function",
        &[],
        "SELECT window_start, count(a) AS c, min(id) AS first FROM TUMBLE(s, ts, INTERVAL '1 hour') GROUP BY window_start, window_end",
    ),
    view(
        "hop",
        &[],
        "SELECT k, window_start, sum(b) AS sb, avg(x) AS ax FROM HOP(e, ts, INTERVAL '5 minutes', INTERVAL '15 minutes') GROUP BY k, window_start, window_end",
    ),
    view(
        "hop_after",
        &[],
        "SELECT window_end, count(DISTINCT k) AS keys FROM s WINDOW HOP (ts, INTERVAL '10 minutes', INTERVAL '20 minutes') GROUP BY window_start, window_end",
    ),
    view(
        "hop_rows",
        &[],
        "SELECT id, window_start FROM HOP(s, ts, INTERVAL '10 minutes', INTERVAL '20 minutes') WHERE a = 5",
    ),
    view(
        "sums",
        &[],
        "SELECT k, count(*) AS c, count(a) AS ca, sum(a) AS sa, sum(n) AS sn, sum(f) AS sf, avg(a) AS aa, avg(n) AS an, avg(f) AS af FROM s GROUP BY k",
    ),
    view(
        "extremes",
        &[],
        "SELECT k, min(a) AS la, max(a) AS ha, min(n) AS ln, max(n) AS hn, min(d) AS ld, max(d) AS hd, max(k) AS hk FROM t GROUP BY k",
    ),
    view(
        "table_sums",
        &[],
        "SELECT k, a IS NULL AS nil, count(*) AS c, sum(a) AS sa, sum(n) AS sn, avg(n) AS an, sum(CAST(n + 1 AS DOUBLE PRECISION)) AS sf FROM t GROUP BY k, a IS NULL",
    ),
    view(
        "total",
        &[],
        "SELECT count(*) AS c, sum(a) AS sa, min(d) AS ld, max(id) AS hi, avg(a) AS aa FROM t",
    ),
    view(
        "total_stream",
        &[],
        "SELECT count(*) AS c, count(DISTINCT k) AS keys, sum(b) AS sb, max(ts) AS last FROM e WHERE b > 3",
    ),
    view(
        "distinct_counts",
        &[],
        "SELECT a % 4 AS m, count(DISTINCT k) AS keys, count(*) AS c FROM t GROUP BY a % 4",
    ),
    view(
        "lists",
        &[],
        "SELECT k, string_agg(CAST(id AS TEXT), ',' ORDER BY id DESC) AS ids, array_agg(a ORDER BY id) AS all_a FROM t GROUP BY k",
    ),
    view(
        "booleans",
        &[],
        "SELECT k, bool_and(ok) AS every, bool_or(ok) AS some, count(*) FILTER (WHERE ok) AS oks, sum(a) FILTER (WHERE a > 0) AS pos FROM s GROUP BY k",
    ),
    view(
        "spread",
        &[],
        "SELECT k, stddev(a) AS sd, var_pop(x.a) AS vp FROM t AS x GROUP BY k",
    ),
    view(
        "medians",
        &[],
        "SELECT k, median(b) AS mb, median(x) AS mx FROM e GROUP BY k",
    ),
    view(
        "firsts",
        &[],
        "SELECT k, first_value(id ORDER BY id) AS first, last_value(a ORDER BY id) AS last FROM t GROUP BY k",
    ),
    view(
        "having_many",
        &[],
        "SELECT k, g % 2 AS odd, count(*) AS c FROM u GROUP BY k, g % 2 HAVING count(*) > 1 AND max(f) > 10",
    ),
    view("distinct_pairs", &[], "SELECT DISTINCT k, a FROM t"),
    view(
        "distinct_stream",
        &[],
        "SELECT DISTINCT k, b IS NULL AS nil FROM e",
    ),
    view(
        "stream_stream",
        &[],
        "SELECT s.id AS sid, e.id AS eid, s.k FROM s JOIN e ON s.k = e.k AND s.a = e.b",
    ),
    view(
        "stream_stream_between",
        &[],
        "SELECT s.id AS sid, e.id AS eid FROM s JOIN e ON s.k = e.k WHERE e.id BETWEEN s.id - 20 AND s.id + 20",
    ),
    view(
        "stream_table",
        &[],
        "SELECT s.id, s.k, u.g, u.name, s.f + u.f AS ff FROM s JOIN u ON u.k = s.k AND u.g = s.a",
    ),
    view(
        "table_table",
        &[],
        "SELECT t.id, u.g, t.a - u.g AS delta FROM t JOIN u ON t.k = u.k AND t.a > u.g",
    ),
    view(
        "self_join",
        &[],
        "SELECT x.id AS left_id, y.id AS right_id FROM t AS x JOIN t AS y ON x.k = y.k AND x.id < y.id",
    ),
    view(
        "three_way",
        &[],
        "SELECT t.id, u.name, e.id AS eid FROM t JOIN u ON t.k = u.k JOIN e ON e.k = u.k AND e.b = u.g",
    ),
    view(
        "commas",
        &[],
        "SELECT t.id, u.g, u.name FROM t, u WHERE t.k = u.k AND t.a + u.g > 4 AND u.name IS NOT NULL",
    ),
    view(
        "non_equi",
        &[],
        "SELECT x.id AS big, y.id AS small FROM t AS x JOIN t AS y ON x.a > y.a + 8",
    ),
    view(
        "grouped_join",
        &[],
        "SELECT u.name, count(*) AS c, sum(t.a) AS sa, max(t.n) AS mn FROM t JOIN u ON t.k = u.k GROUP BY u.name",
    ),
    view(
        "union_all",
        &[],
        "SELECT id, k FROM t UNION ALL SELECT b AS id, k FROM e WHERE b IS NOT NULL UNION ALL SELECT g, name FROM u",
    ),
    view(
        "union_distinct",
        &[],
        "SELECT k FROM t UNION SELECT k FROM e UNION SELECT name FROM u",
    ),
    view(
        "from_plain",
        &[],
        "SELECT k, sum(a2) AS s2, count(*) AS c FROM plain_s GROUP BY k",
    ),
    view(
        "from_plain_join",
        &[],
        "SELECT p.name, count(*) AS c, min(p.g) AS g FROM plain_tu AS p JOIN plain_s AS q ON p.k = q.k AND p.id = q.a2 GROUP BY p.name",
    ),
    view(
        "subquery",
        &[],
        "SELECT q.k, q.c * 2 AS twice, u.name FROM (SELECT k, count(*) AS c FROM t GROUP BY k) AS q JOIN u ON u.k = q.k WHERE u.g < 3",
    ),
    view(
        "with_clause",
        &[],
        "WITH busy AS (SELECT k FROM e GROUP BY k HAVING count(*) >= 3) SELECT t.id, t.k FROM t JOIN busy ON busy.k = t.k",
    ),
    view(
        "on_tumble",
        &["tumble"],
        "SELECT k, count(*) AS windows, sum(c) AS c, max(sa) AS ms FROM tumble GROUP BY k",
    ),
    view(
        "on_sums",
        &["sums"],
        "SELECT c % 2 AS odd, sum(sa) AS sa, min(k) AS k FROM sums GROUP BY c % 2",
    ),
    view(
        "view_table",
        &["sums"],
        "SELECT sums.k, sums.c, u.name, u.g FROM sums JOIN u ON u.k = sums.k WHERE sums.c > u.g",
    ),
    view(
        "diamond",
        &["sums", "extremes"],
        "SELECT sums.k, sums.sa, extremes.ha FROM sums JOIN extremes ON sums.k = extremes.k",
    ),
    view(
        "diamond_top",
        &["diamond", "sums"],
        "SELECT d.k, d.ha, s.c + d.sa AS both FROM diamond AS d JOIN sums AS s ON s.k = d.k",
    ),
    view(
        "on_join",
        &["table_table"],
        "SELECT delta, count(*) AS c FROM table_table GROUP BY delta",
    ),
    view(
        "view_self",
        &["distinct_pairs"],
        "SELECT x.k, x.a, y.a AS next FROM distinct_pairs AS x JOIN distinct_pairs AS y ON x.k = y.k AND y.a = x.a + 1",
    ),
    view(
        "deep",
        &["on_join", "total"],
        "SELECT o.delta, o.c, total.c AS all_t FROM on_join AS o CROSS JOIN total",
    ),
];
