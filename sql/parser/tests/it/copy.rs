//! COPY in every spelling that clients send.

use expect_test::expect;

use crate::check;

#[test]
fn copy_from_stdin_needs_no_data_in_the_text() {
    check(
        r#"COPY t FROM STDIN; COPY t (a, b) FROM STDIN WITH (FORMAT csv, HEADER true); SELECT 1;
           COPY "public" . "t" ( "A" , b ) FROM STDIN; copy t from stdin (format 'csv', delimiter '|', null 'x')"#,
        expect![[r#"
            COPY t FROM STDIN
            COPY t (a, b) FROM STDIN (FORMAT csv, HEADER)
            SELECT 1
            COPY "public"."t" ("A", b) FROM STDIN
            COPY t FROM STDIN (FORMAT 'csv', DELIMITER '|', NULL 'x')
        "#]],
    );
}

#[test]
fn old_spellings_read_as_the_new_options() {
    check(
        "COPY t FROM STDIN CSV HEADER; COPY t FROM STDIN with csv; COPY t FROM STDIN BINARY; COPY t FROM STDIN WITH BINARY;
         COPY t FROM stdin WITH CSV HEADER DELIMITER AS ';' NULL AS 'nil' QUOTE '\"';
         COPY t FROM STDIN DELIMITER E'\\t'; COPY t FROM STDIN (FORMAT csv, HEADER on, FREEZE off);
         COPY t TO STDOUT (HEADER 'false'); COPY (SELECT * FROM t) TO STDOUT CSV",
        expect![[r#"
            COPY t FROM STDIN (FORMAT csv, HEADER)
            COPY t FROM STDIN (FORMAT csv)
            COPY t FROM STDIN (FORMAT binary)
            COPY t FROM STDIN (FORMAT binary)
            COPY t FROM STDIN (FORMAT csv, HEADER, DELIMITER ';', NULL 'nil', QUOTE '"')
            COPY t FROM STDIN (DELIMITER '	')
            COPY t FROM STDIN (FORMAT csv, HEADER, FREEZE FALSE)
            COPY t TO STDOUT (HEADER FALSE)
            COPY (SELECT * FROM t) TO STDOUT (FORMAT csv)
        "#]],
    );
}

#[test]
fn a_subscription_can_be_copied_out() {
    check(
        "COPY (SUBSCRIBE TO hourly) TO STDOUT",
        expect![[r#"
        copy subscribe Some("hourly") (SELECT * FROM hourly) snapshot=true progress=false as_of=None up_to=None []
    "#]],
    );
    check(
        "COPY (SUBSCRIBE (SELECT 1) WITH (progress) AS OF LSN 1) TO STDOUT WITH (FORMAT csv, HEADER)",
        expect![[r#"
        copy subscribe None (SELECT 1) snapshot=true progress=true as_of=Some(1) up_to=None [FORMAT csv, HEADER]
    "#]],
    );
    check(
        "COPY (SUBSCRIBE hourly) TO STDOUT CSV",
        expect![[r#"
            copy subscribe Some("hourly") (SELECT * FROM hourly) snapshot=true progress=false as_of=None up_to=None [FORMAT csv]
        "#]],
    );
    check(
        "COPY (SUBSCRIBE hourly) TO 'file'",
        expect![[r#"
        42601 @28: syntax error at or near "'file'" · Expected TO STDOUT.
    "#]],
    );
    check(
        "COPY (SUBSCRIBE hourly) TO STDOUT WITH (FORMATT csv)",
        expect![[r#"
        42601 @41: syntax error at or near "FORMATT" · Expected option.
    "#]],
    );
    check(
        "COPY (SUBSCRIBE hourly TO STDOUT",
        expect![[r#"
        42601 @24: syntax error at or near "TO" · The parenthesis opened at character 6 is never closed.
    "#]],
    );
    check(
        "COPY (SUBSCRIBE",
        expect![[r#"
        42601 @16: syntax error at end of input · The parenthesis opened at character 6 is never closed.
    "#]],
    );
}

#[test]
fn wrong_copies_point_at_the_word() {
    check(
        "COPY t FROM STDIN WITH (FORMATT csv)",
        expect![[r#"
        42601 @25: syntax error at or near "FORMATT" · Expected option.
    "#]],
    );
    check(
        "COPY t FROM STDIN 1\t2",
        expect![[r#"
        42601 @19: syntax error at or near "1"
    "#]],
    );
    check(
        "COPY t STDIN",
        expect![[r#"
        42601 @8: syntax error at or near "STDIN" · Expected FROM or TO.
    "#]],
    );
    check(
        "COPY (SELECT 1) FROM STDIN",
        expect![[r#"
        42601 @22: syntax error at or near "STDIN" · COPY ... FROM does not support query as a source.
    "#]],
    );
}
