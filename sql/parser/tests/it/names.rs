//! Names and the relations that a query reads.

use summit_parser::{Statement, fold_ident, object_name_parts, parse, parse_query, relations};

fn read(sql: &str) -> Vec<String> {
    relations(&parse_query(sql).expect("the query is right"))
        .iter()
        .map(|name| object_name_parts(name).join("."))
        .collect()
}

#[test]
fn unquoted_names_fold_to_lower_case() {
    let name = relations(&parse_query("SELECT * FROM Public.\"Flights\"").unwrap()).remove(0);
    assert_eq!(object_name_parts(&name), ["public", "Flights"]);
    let Statement::CreateStream(stream) = parse("CREATE STREAM S (\"Ä\" INT, Ä INT, AB INT)")
        .unwrap()
        .remove(0)
        .statement
    else {
        panic!("not a stream");
    };
    let columns: Vec<String> = stream
        .columns
        .iter()
        .map(|column| fold_ident(&column.name))
        .collect();
    assert_eq!(columns, ["Ä", "Ä", "ab"]);
}

#[test]
fn relations_are_found_wherever_they_stand() {
    assert_eq!(read("SELECT 1"), [""; 0]);
    assert_eq!(
        read("SELECT * FROM a, b x JOIN s.c ON true LEFT JOIN A ON true"),
        ["a", "b", "s.c"]
    );
    assert_eq!(
        read(
            "SELECT (SELECT max(x) FROM a) FROM b WHERE EXISTS (SELECT 1 FROM c) AND k IN (SELECT k FROM d)"
        ),
        ["a", "b", "c", "d"]
    );
    assert_eq!(
        read(
            "SELECT * FROM (SELECT * FROM a) q, LATERAL (SELECT * FROM b) r UNION SELECT * FROM c"
        ),
        ["a", "b", "c"]
    );
    assert_eq!(read("TABLE a"), ["a"]);
    assert_eq!(
        read("SELECT * FROM generate_series(1, 3), unnest(ARRAY[1]) u"),
        [""; 0]
    );
}

#[test]
fn windows_and_late_rows_read_their_argument() {
    assert_eq!(
        read("SELECT * FROM s WINDOW TUMBLE (ts, INTERVAL '1 hour')"),
        ["s"]
    );
    assert_eq!(
        read("SELECT * FROM public.s x WINDOW TUMBLE (ts, INTERVAL '1 hour')"),
        ["public.s"]
    );
    assert_eq!(
        read("SELECT * FROM HOP(s, ts, INTERVAL '1 hour', INTERVAL '2 hours') JOIN t ON true"),
        ["s", "t"]
    );
    assert_eq!(
        read("SELECT * FROM SESSION(s PARTITION BY k, ts, INTERVAL '1 hour')"),
        ["s"]
    );
    assert_eq!(read("SELECT * FROM summit_late(s)"), ["s"]);
    assert_eq!(
        read("SELECT * FROM (SELECT * FROM a) q WINDOW TUMBLE (ts, INTERVAL '1 hour')"),
        ["a"]
    );
}

#[test]
fn names_of_a_with_are_no_relations_where_it_applies() {
    assert_eq!(read("WITH c AS (SELECT * FROM a) SELECT * FROM C"), ["a"]);
    assert_eq!(read("WITH c AS (SELECT * FROM c) SELECT * FROM c"), ["c"]);
    assert_eq!(
        read("WITH RECURSIVE c AS (SELECT 1 UNION ALL SELECT * FROM c) SELECT * FROM c"),
        [""; 0]
    );
    assert_eq!(
        read("WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM a, b"),
        ["b"]
    );
    assert_eq!(
        read("SELECT * FROM (WITH c AS (SELECT 1) SELECT * FROM c) x, c"),
        ["c"]
    );
    assert_eq!(
        read("WITH c AS (SELECT 1) SELECT * FROM public.c, (SELECT * FROM c) d"),
        ["public.c"]
    );
    assert_eq!(
        read("WITH c AS (SELECT 1) SELECT * FROM c WINDOW TUMBLE (ts, INTERVAL '1 hour')"),
        [""; 0]
    );
}
