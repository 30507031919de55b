//! Answers as PostgreSQL gives them, where DataFusion alone would give others.

use expect_test::expect;

use super::executes::check;
use super::values;

#[test]
fn integer_arithmetic_that_leaves_its_type_is_an_error() {
    for (sql, name) in [
        ("SELECT 2147483647::int + 1::int", "integer"),
        ("SELECT 32767::smallint * 2::smallint", "smallint"),
        ("SELECT 9223372036854775807 + 1", "bigint"),
        ("SELECT -9223372036854775807 - 2", "bigint"),
        ("SELECT 9223372036854775807 * 2", "bigint"),
        (
            "SELECT x + 1::int FROM (VALUES (2147483647::int), (1::int)) AS v(x)",
            "integer",
        ),
        (
            "SELECT -x FROM (VALUES ((-2147483647)::int - 1::int)) AS v(x)",
            "integer",
        ),
    ] {
        let answer = super::executes::answer(sql);
        let expected = format!("ERROR 22003: {name} out of range");
        assert!(answer.starts_with(&expected), "{sql}: {answer}");
    }
    check(
        "SELECT a + 1 AS s, sum(a * 2) AS t FROM (VALUES (1), (2), (NULL)) AS v(a) GROUP BY a + 1 ORDER BY 1",
        expect![[r#"
            +---+---+
            | s | t |
            +---+---+
            | 2 | 2 |
            | 3 | 4 |
            |   |   |
            +---+---+
        "#]],
    );
}

#[test]
fn casts_to_integers_round() {
    values::check(
        "SELECT 3.5::int, 2.5::numeric::int, (-2.5)::numeric(3,1)::bigint, 2.5::int, -2.5::int, 9.9::numeric(2,1)::smallint",
        expect![[r#"
            4 | 3 | -3 | 3 | -3 | 10
        "#]],
    );
    values::check(
        "SELECT 2.5::float8::int, 3.5::float8::int, 2.4::numeric::int, NULL::float8::int",
        expect![[r#"
            2 | 4 | 2 | NULL
        "#]],
    );
    check(
        "SELECT x::int AS x, x::numeric(4,2)::int AS y FROM (VALUES (0.5::float8), (1.5), (-2.5)) AS v(x) ORDER BY 1",
        expect![[r#"
            +----+----+
            | x  | y  |
            +----+----+
            | -2 | -3 |
            | 0  | 1  |
            | 2  | 2  |
            +----+----+
        "#]],
    );
}

#[test]
fn bytea_constants_are_decoded() {
    values::check(
        r"SELECT '\x41fF'::bytea, 'a\\b\101'::bytea, '\x'::bytea",
        expect![[r#"
            41FF | 615C6241 | 
        "#]],
    );
    values::check(
        r"SELECT '\x4'::bytea",
        expect![[r#"
        ERROR 22023: invalid hexadecimal data: odd number of digits
    "#]],
    );
    values::check(
        r"SELECT '\x4g'::bytea",
        expect![[r#"
        ERROR 22023: invalid hexadecimal digit: "g"
    "#]],
    );
    values::check(
        r"SELECT 'a\b'::bytea",
        expect![[r#"
        ERROR 22P02: invalid input syntax for type bytea
        HINT: A backslash is written twice, or with the three octal digits of a byte.
    "#]],
    );
}

#[test]
fn at_time_zone_moves_between_instants_and_local_times() {
    check(
        "SELECT TIMESTAMPTZ '2024-07-01 12:00:00Z' AT TIME ZONE 'America/New_York' AS a, TIMESTAMP '2024-07-01 12:00' AT TIME ZONE 'europe/berlin' AS b, \
         TIMESTAMPTZ '2024-07-01 12:00:00Z' AT TIME ZONE '+02' AS c, TIMESTAMPTZ '2024-07-01 12:00:00Z' AT TIME ZONE INTERVAL '2 hours' AS d, \
         NULL::timestamptz AT TIME ZONE 'UTC' AS e",
        expect![[r#"
            +---------------------+----------------------+---------------------+---------------------+---+
            | a                   | b                    | c                   | d                   | e |
            +---------------------+----------------------+---------------------+---------------------+---+
            | 2024-07-01T08:00:00 | 2024-07-01T10:00:00Z | 2024-07-01T10:00:00 | 2024-07-01T14:00:00 |   |
            +---------------------+----------------------+---------------------+---------------------+---+
        "#]],
    );
    check(
        "SELECT t AT TIME ZONE 'America/New_York' AS t FROM (VALUES (TIMESTAMP '2024-03-10 02:30'), (TIMESTAMP '2024-11-03 01:30'), (TIMESTAMP '2024-12-01 00:00')) AS v(t) ORDER BY 1",
        expect![[r#"
            +----------------------+
            | t                    |
            +----------------------+
            | 2024-03-10T07:30:00Z |
            | 2024-11-03T06:30:00Z |
            | 2024-12-01T05:00:00Z |
            +----------------------+
        "#]],
    );
    check(
        "SELECT now() AT TIME ZONE 'Mars/Olympus'",
        expect![[r#"
        ERROR 22023: time zone "Mars/Olympus" not recognized
        HINT: Use a name like Europe/Berlin, or an interval like INTERVAL '2 hours'.
    "#]],
    );
    expect![[r#"
        (local timestamp without time zone, d bigint, half integer)
        Project [append-only]
          columns: summit_at_time_zone(ts, 'Asia/Tokyo') AS local, CAST(dep_delay AS bigint) * 2 + 1 AS d, CAST(CAST(dep_delay AS double precision) * 0.5 AS integer) AS half
        -> Source flights [append-only]
             columns: ts, dep_delay
    "#]].assert_eq(&super::database::Database::new().view(
        "SELECT ts AT TIME ZONE 'Asia/Tokyo' AS local, dep_delay::bigint * 2 + 1 AS d, (dep_delay * 0.5)::int AS half FROM flights",
    ));
    super::executes::check_write(
        "INSERT INTO flights (ts, dep_delay) VALUES (TIMESTAMP '2024-07-01 12:00' AT TIME ZONE 'CET', 2.5)",
        expect![[r#"
            +----------------------+---------+---------+--------+------+-----------+
            | ts                   | carrier | tailnum | origin | dest | dep_delay |
            +----------------------+---------+---------+--------+------+-----------+
            | 2024-07-01T11:00:00Z |         |         |        |      | 3         |
            +----------------------+---------+---------+--------+------+-----------+
        "#]],
    );
}

#[test]
fn a_sample_is_refused() {
    check(
        "SELECT * FROM flights TABLESAMPLE BERNOULLI (10)",
        expect![[r#"
            ERROR 0A000: TABLESAMPLE is not available
            HINT: Use WHERE random() < 0.1, or LIMIT.
        "#]],
    );
}

#[test]
fn patterns_that_would_come_back_as_they_are_are_refused() {
    check(
        "SELECT to_char(timestamp '2024-01-01 13:05:06', 'YYYY-MM-DD')",
        expect![[r#"
            ERROR 0A000: to_char does not know PostgreSQL's pattern 'YYYY-MM-DD' yet
            HINT: Write it for strftime: to_char(ts, '%Y-%m-%d %H:%M:%S').
        "#]],
    );
    check(
        "SELECT to_char(timestamp '2024-01-01 13:05:06', '%d.%m.%Y') AS day",
        expect![[r#"
            +------------+
            | day        |
            +------------+
            | 01.01.2024 |
            +------------+
        "#]],
    );
}
