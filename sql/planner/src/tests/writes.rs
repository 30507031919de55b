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
        expect![""],
    );
    check(
        "INSERT INTO airlines VALUES ('AA', 'American')",
        expect![""],
    );
    check("INSERT INTO airlines VALUES ('AA')", expect![""]);
    check(
        "INSERT INTO airlines (name, carrier) SELECT dest, origin FROM flights",
        expect![""],
    );
    check(
        "INSERT INTO planes (tailnum, raw) VALUES ('x', '\\xdead')",
        expect![""],
    );
    check("INSERT INTO airlines DEFAULT VALUES", expect![""]);
    check(
        "INSERT INTO flights (ts, dep_delay) VALUES ('2024-01-01 00:00:00+01', 5)",
        expect![""],
    );
    check(
        "INSERT INTO weather VALUES ('2024-01-01', 'JFK', 1, ARRAY['a'])",
        expect![""],
    );
    check("INSERT INTO airlines SELECT 'a', '2024-01-01'", expect![""]);
    check(
        "INSERT INTO planes (tailnum, seen) SELECT 'a', '2024-01-01'",
        expect![""],
    );
}

#[test]
fn parameters_take_the_columns_types() {
    check(
        "INSERT INTO planes VALUES ($1, $2, $3, $4, $5)",
        expect![""],
    );
    check(
        "INSERT INTO airlines (name, carrier) VALUES ($1, upper($2))",
        expect![""],
    );
    check("INSERT INTO flights (ts) SELECT $1", expect![""]);
    check(
        "UPDATE planes SET year = $1, price = price + $2 WHERE tailnum = $3",
        expect![""],
    );
    check("DELETE FROM airlines WHERE carrier = $1", expect![""]);
    check(
        "INSERT INTO planes (tailnum, year) VALUES ($1, $2 + 1)",
        expect![""],
    );
}

#[test]
fn an_insert_that_does_not_fit_is_refused() {
    check("INSERT INTO airlines VALUES (1, 2, 3)", expect![""]);
    check(
        "INSERT INTO airlines (carrier, name) VALUES ('a')",
        expect![""],
    );
    check(
        "INSERT INTO airlines (carrier) VALUES ('a', 'b')",
        expect![""],
    );
    check("INSERT INTO airlines (carier) VALUES ('a')", expect![""]);
    check(
        "INSERT INTO airlines (carrier, carrier) VALUES ('a', 'b')",
        expect![""],
    );
    check("INSERT INTO late VALUES ('a', 1)", expect![""]);
    check("INSERT INTO per_carrier VALUES ('a', 1)", expect![""]);
    check("INSERT INTO summit.views VALUES ('a')", expect![""]);
    check("INSERT INTO nope VALUES (1)", expect![""]);
    check(
        "INSERT INTO airlines VALUES ('a', 'b') RETURNING carrier",
        expect![""],
    );
    check(
        "INSERT INTO airlines VALUES ('a', 'b') ON CONFLICT DO NOTHING",
        expect![""],
    );
    check(
        "INSERT INTO planes (tailnum, year) SELECT carrier, origin FROM flights",
        expect![""],
    );
    check(
        "INSERT INTO planes (tailnum, year) SELECT 'a', true",
        expect![""],
    );
    check("INSERT INTO airlines VALUES ('a', 'b'), ('c')", expect![""]);
    check("INSERT INTO airlines SELECT 1, 2, 3", expect![""]);
    check(
        "INSERT INTO planes (tailnum, year) VALUES ('a', true)",
        expect![""],
    );
    check(
        "INSERT INTO planes (tailnum, seen) VALUES ('a', 5)",
        expect![""],
    );
}

#[test]
fn an_update_gives_old_and_new_rows() {
    check(
        "UPDATE airlines SET name = upper(name) WHERE carrier = 'AA'",
        expect![""],
    );
    check(
        "UPDATE airlines AS a SET name = 'x', carrier = DEFAULT WHERE a.carrier LIKE 'A%'",
        expect![""],
    );
    check(
        "UPDATE planes SET price = 10.25, seen = '2024-01-01', year = year + 1",
        expect![""],
    );
    check(
        "UPDATE airlines SET name = p.tailnum FROM planes p WHERE p.tailnum = airlines.carrier",
        expect![""],
    );
    check(
        "UPDATE public.airlines SET name = (SELECT max(origin) FROM flights)",
        expect![""],
    );
}

#[test]
fn a_delete_gives_old_rows() {
    check("DELETE FROM airlines", expect![""]);
    check("DELETE FROM airlines a WHERE a.name IS NULL", expect![""]);
    check(
        "DELETE FROM airlines USING planes p WHERE p.tailnum = airlines.carrier",
        expect![""],
    );
    check(
        "DELETE FROM airlines WHERE carrier IN (SELECT carrier FROM flights)",
        expect![""],
    );
}

#[test]
fn an_update_or_delete_that_cannot_be_is_refused() {
    check("UPDATE flights SET carrier = 'x'", expect![""]);
    check("DELETE FROM flights", expect![""]);
    check("UPDATE late SET carrier = 'x'", expect![""]);
    check("DELETE FROM per_carrier", expect![""]);
    check("UPDATE airlines SET nme = 'x'", expect![""]);
    check("UPDATE airlines SET name = 'x', name = 'y'", expect![""]);
    check(
        "UPDATE airlines SET (name, carrier) = ('x', 'y')",
        expect![""],
    );
    check("UPDATE airlines SET name = 'x' RETURNING name", expect![""]);
    check("DELETE FROM airlines WHERE nme = 'x'", expect![""]);
    check("UPDATE planes SET year = 'x' || 'y'", expect![""]);
    check("UPDATE planes SET year = true", expect![""]);
    check("DELETE FROM airlines RETURNING carrier", expect![""]);
}
