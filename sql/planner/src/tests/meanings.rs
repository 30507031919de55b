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
        "SELECT x::int AS x, x::numeric(4,2)::int AS y FROM (VALUES (0.5::float8), (1.5), (-2.5)) AS v(x) ORDER BY v.x",
        expect![[r#"
            ERROR 42702: column reference "x" is ambiguous
            HINT: Put the relation's name before it: relation.column.
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
    values::check(r"SELECT '\x4'::bytea", expect![[r#"
        ERROR 22023: invalid hexadecimal data: odd number of digits
    "#]]);
    values::check(r"SELECT '\x4g'::bytea", expect![[r#"
        ERROR 22023: invalid hexadecimal digit: "g"
    "#]]);
    values::check(r"SELECT 'a\b'::bytea", expect![[r#"
        ERROR 22P02: invalid input syntax for type bytea
        HINT: A backslash is written twice, or with the three octal digits of a byte.
    "#]]);
}
