//! The plans that the oracle checks.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::functions_aggregate::average::avg_udaf;
use datafusion::functions_aggregate::bool_and_or::bool_and_udaf;
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_aggregate::first_last::first_value_udaf;
use datafusion::functions_aggregate::median::median_udaf;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::functions_aggregate::string_agg::string_agg_udaf;
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{CastExpr, IsNullExpr};
use summit_planner::StreamPlan;

use crate::build::*;
use crate::history::{OTHER, STREAM, TABLE, row_schema};

pub fn stream() -> StreamPlan {
    source(STREAM, "s", &row_schema(), true)
}

pub fn table() -> StreamPlan {
    source(TABLE, "t", &row_schema(), false)
}

pub fn other() -> StreamPlan {
    source(OTHER, "o", &row_schema(), false)
}

fn in_place(input: &StreamPlan) -> Vec<Aggregated> {
    let c = |name| col(input, name);
    vec![
        call(input, count_udaf(), &[lit(1_i64)]).build("rows"),
        call(input, count_udaf(), &[c("v")]).build("count_v"),
        call(input, sum_udaf(), &[c("v")]).build("sum_v"),
        call(input, sum_udaf(), &[c("f")]).build("sum_f"),
        call(input, avg_udaf(), &[c("f")]).build("avg_f"),
        call(input, sum_udaf(), &[c("d")]).build("sum_d"),
        call(input, avg_udaf(), &[c("d")]).build("avg_d"),
    ]
}

fn ordered(input: &StreamPlan) -> Vec<Aggregated> {
    let c = |name| col(input, name);
    let mut aggregates = Vec::new();
    for name in ["g", "v", "f", "d"] {
        aggregates.push(call(input, min_udaf(), &[c(name)]).build(&format!("min_{name}")));
        aggregates.push(call(input, max_udaf(), &[c(name)]).build(&format!("max_{name}")));
        let distinct = Call {
            distinct: true,
            ..call(input, count_udaf(), &[c(name)])
        };
        aggregates.push(distinct.build(&format!("count_{name}")));
    }
    let date: Expr = Arc::new(CastExpr::new(
        Arc::new(CastExpr::new(c("v"), DataType::Int32, None)),
        DataType::Date32,
        None,
    ));
    aggregates.push(call(input, max_udaf(), &[date]).build("max_date"));
    aggregates
}

fn general(input: &StreamPlan) -> Vec<Aggregated> {
    let c = |name| col(input, name);
    let by_all = || {
        vec![
            (c("v"), true),
            (c("f"), false),
            (c("d"), false),
            (c("g"), false),
        ]
    };
    let positive = || op(c("v"), Operator::Gt, lit(0_i64));
    let array = Call {
        order: by_all(),
        ..call(input, array_agg_udaf(), &[c("v")])
    };
    let strings = Call {
        order: vec![(c("g"), false)],
        ..call(input, string_agg_udaf(), &[c("g"), lit(",")])
    };
    let first = Call {
        order: by_all(),
        ..call(input, first_value_udaf(), &[c("g")])
    };
    let filtered = Call {
        filter: Some(positive()),
        ..call(input, sum_udaf(), &[c("v")])
    };
    let distinct = Call {
        distinct: true,
        ..call(input, sum_udaf(), &[c("v")])
    };
    let counted = Call {
        filter: Some(positive()),
        ..call(input, count_udaf(), &[lit(1_i64)])
    };
    vec![
        array.build("array"),
        strings.build("strings"),
        first.build("first"),
        filtered.build("positive"),
        counted.build("positives"),
        distinct.build("distinct_sum"),
        call(input, median_udaf(), &[c("v")]).build("median"),
        call(input, bool_and_udaf(), &[positive()]).build("all_positive"),
    ]
}

fn grouped(
    input: StreamPlan,
    by: &[&'static str],
    of: fn(&StreamPlan) -> Vec<Aggregated>,
) -> StreamPlan {
    let group = by.iter().map(|name| (col(&input, name), *name)).collect();
    let aggregates = of(&input);
    aggregate(input, group, aggregates)
}

fn on(left: &StreamPlan, right: &StreamPlan, names: &[&str]) -> Vec<(Expr, Expr)> {
    names
        .iter()
        .map(|name| (col(left, name), col(right, name)))
        .collect()
}

fn joined(left: StreamPlan, right: StreamPlan, names: &[&str]) -> StreamPlan {
    let on = on(&left, &right, names);
    join(left, right, on)
}

fn large(input: StreamPlan) -> StreamPlan {
    let predicate = op(col(&input, "v"), Operator::Gt, lit(2_i64));
    filter(input, predicate)
}

fn narrow(input: StreamPlan) -> StreamPlan {
    let plus = op(col(&input, "v"), Operator::Plus, lit(1_i64));
    let exprs = vec![
        (col(&input, "g"), "g"),
        (plus, "v1"),
        (col(&input, "k"), "k"),
    ];
    project(input, exprs)
}

/// Plans by the id of their view; those of greater ids may read those of smaller.
pub fn all() -> BTreeMap<u32, StreamPlan> {
    let mut plans = BTreeMap::new();
    let mut next = 100;
    let mut add = |plan: StreamPlan| {
        next += 1;
        plans.insert(next, plan);
        next
    };
    add(narrow(large(stream())));
    add(narrow(large(table())));
    // most columns go, so that many rows become equal
    let table_keys = project(table(), vec![(col(&table(), "k"), "k")]);
    add(table_keys);
    add(unnest(stream(), "tags"));
    add(unnest(table(), "tags"));
    add(union(vec![
        narrow(stream()),
        narrow(table()),
        narrow(table()),
    ]));
    for input in [stream, table] {
        for by in [&[][..], &["k"], &["g", "k"], &["f"]] {
            for of in [in_place, ordered, general] {
                add(grouped(input(), by, of));
            }
            if !by.is_empty() {
                add(grouped(input(), by, |_| Vec::new()));
            }
        }
    }
    add(joined(stream(), table(), &["k"]));
    add(joined(table(), other(), &["k", "g"]));
    add(joined(stream(), stream(), &["f"]));
    add(with_join(joined(table(), table(), &["g"]), |join| {
        join.null_equals_null = true;
    }));
    let mut self_join = joined(table(), table(), &["k"]);
    let condition = op(col(&self_join, "l_v"), Operator::Lt, col(&self_join, "r_v"));
    self_join = with_join(self_join, |join| join.filter = Some(condition));
    add(self_join);
    let total = grouped(other(), &[], in_place);
    add(join(narrow(table()), total, vec![]));
    let nulls: Expr = Arc::new(IsNullExpr::new(col(&table(), "k")));
    add(grouped(filter(table(), nulls), &["g"], in_place));
    add(grouped(
        joined(stream(), table(), &["k"]),
        &["l_g", "r_g"],
        |input| {
            vec![
                call(input, count_udaf(), &[lit(1_i64)]).build("pairs"),
                call(input, sum_udaf(), &[col(input, "r_f")]).build("sum"),
                call(input, max_udaf(), &[col(input, "r_v")]).build("max"),
            ]
        },
    ));

    // views on views: a chain, a diamond, and a view that joins one with itself
    let by_key = grouped(table(), &["k"], in_place);
    let by_key_id = add(by_key.clone());
    let counts = grouped(over(by_key_id, &by_key), &["rows"], |input| {
        vec![call(input, sum_udaf(), &[col(input, "sum_v")]).build("sum")]
    });
    let counts_id = add(counts.clone());
    add(joined(
        over(by_key_id, &by_key),
        over(counts_id, &counts),
        &["rows"],
    ));
    add(joined(
        over(by_key_id, &by_key),
        over(by_key_id, &by_key),
        &["rows"],
    ));
    add(joined(stream(), over(by_key_id, &by_key), &["k"]));
    plans
}
