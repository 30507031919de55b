//! Types: from SQL to Arrow and back to PostgreSQL's names.

use summit_catalog::SqlState;
use summit_catalog::types::{arrow_of, field_of, length_max, name_of, type_name};
use summit_parser::ast::{self, SetExpr};

/// The type of `SELECT CAST(x AS <text>)`.
fn sql_type(text: &str) -> ast::DataType {
    let query = summit_parser::parse_query(&format!("SELECT CAST(x AS {text})")).unwrap();
    let SetExpr::Select(select) = query.body.as_ref() else {
        panic!("a select")
    };
    let ast::SelectItem::UnnamedExpr(ast::Expr::Cast { data_type, .. }) = &select.projection[0]
    else {
        panic!("a cast")
    };
    data_type.clone()
}

#[test]
fn each_type_has_postgresqls_name() {
    let pairs = [
        ("bool", "boolean"),
        ("smallint", "smallint"),
        ("int2", "smallint"),
        ("int", "integer"),
        ("integer", "integer"),
        ("int4", "integer"),
        ("bigint", "bigint"),
        ("int8", "bigint"),
        ("real", "real"),
        ("float4", "real"),
        ("float", "double precision"),
        ("double precision", "double precision"),
        ("float8", "double precision"),
        ("numeric", "numeric(38,9)"),
        ("numeric(10)", "numeric(10,0)"),
        ("numeric(10,2)", "numeric(10,2)"),
        ("decimal(10,2)", "numeric(10,2)"),
        ("text", "text"),
        ("varchar", "character varying"),
        ("varchar(5)", "character varying(5)"),
        ("character varying(5)", "character varying(5)"),
        ("char(3)", "character(3)"),
        ("char", "character(1)"),
        ("bytea", "bytea"),
        ("date", "date"),
        ("time", "time without time zone"),
        ("timestamp", "timestamp without time zone"),
        ("timestamp without time zone", "timestamp without time zone"),
        ("timestamptz", "timestamp with time zone"),
        ("timestamp with time zone", "timestamp with time zone"),
        ("interval", "interval"),
        ("text[]", "text[]"),
        ("int[]", "integer[]"),
    ];
    for (sql, name) in pairs {
        let field = field_of("x", &sql_type(sql), true).unwrap();
        assert_eq!(name_of(&field), name, "{sql}");
    }
}

#[test]
fn lengths_are_kept_beside_arrows_type() {
    let field = field_of("x", &sql_type("varchar(5)"), false).unwrap();
    assert_eq!(length_max(&field), Some(5));
    assert!(!field.is_nullable());
    assert_eq!(type_name(field.data_type()), "text");
    let field = field_of("x", &sql_type("char"), true).unwrap();
    assert_eq!(length_max(&field), Some(1));
    for unbounded in ["varchar", "text", "integer"] {
        assert_eq!(
            length_max(&field_of("x", &sql_type(unbounded), true).unwrap()),
            None
        );
    }
}

#[test]
fn types_that_do_not_exist_get_the_near_one_as_hint() {
    let error = arrow_of(&sql_type("intger")).unwrap_err();
    assert_eq!(error.code, SqlState::UNDEFINED_OBJECT);
    assert_eq!(error.message, "type \"intger\" does not exist");
    assert_eq!(
        error.hint.as_deref(),
        Some("Perhaps you meant \"integer\".")
    );
    assert_eq!(
        arrow_of(&sql_type("geography")).unwrap_err().code,
        SqlState::UNDEFINED_OBJECT
    );
}

#[test]
fn types_that_are_not_offered_say_what_to_use() {
    for sql in ["json", "jsonb", "uuid", "serial", "time with time zone"] {
        let error = arrow_of(&sql_type(sql)).unwrap_err();
        assert_eq!(error.code, SqlState::FEATURE_NOT_SUPPORTED, "{sql}");
        assert!(error.hint.is_some(), "{sql}");
    }
}

#[test]
fn numeric_is_bounded() {
    for sql in [
        "numeric(39)",
        "numeric(0)",
        "numeric(5, 6)",
        "numeric(1000, 2)",
    ] {
        let error = arrow_of(&sql_type(sql)).unwrap_err();
        assert_eq!(error.code, SqlState::INVALID_PARAMETER, "{sql}");
    }
    assert!(arrow_of(&sql_type("numeric(38, 38)")).is_ok());
}
