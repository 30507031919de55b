//! Plans by hand.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::{AggregateUDF, Operator};
use datafusion::physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use datafusion::physical_expr::expressions::{BinaryExpr, Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};
use datafusion::scalar::ScalarValue;
use summit_planner::{StreamAggregate, StreamJoin, StreamNode, StreamPlan};
use summit_storage::RelationId;

pub type Expr = Arc<dyn PhysicalExpr>;

pub fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<Field> = fields
        .iter()
        .map(|(name, data_type)| Field::new(*name, data_type.clone(), true))
        .collect();
    Arc::new(Schema::new(fields))
}

pub fn source(relation: u32, name: &str, schema: &SchemaRef, append_only: bool) -> StreamPlan {
    let node = StreamNode::Source {
        relation: RelationId(relation),
        name: name.to_owned(),
        projection: None,
    };
    StreamPlan {
        node,
        schema: Arc::clone(schema),
        append_only,
    }
}

/// A view's output as a source of another.
pub fn over(relation: u32, plan: &StreamPlan) -> StreamPlan {
    source(relation, "v", &plan.schema, plan.append_only)
}

pub fn col(plan: &StreamPlan, name: &str) -> Expr {
    Arc::new(Column::new_with_schema(name, &plan.schema).expect("the column is there"))
}

pub fn lit(value: impl Into<ScalarValue>) -> Expr {
    Arc::new(Literal::new(value.into()))
}

pub fn op(left: Expr, operator: Operator, right: Expr) -> Expr {
    Arc::new(BinaryExpr::new(left, operator, right))
}

pub fn filter(input: StreamPlan, predicate: Expr) -> StreamPlan {
    let (schema, append_only) = (Arc::clone(&input.schema), input.append_only);
    StreamPlan {
        node: StreamNode::Filter {
            input: Box::new(input),
            predicate,
        },
        schema,
        append_only,
    }
}

pub fn project(input: StreamPlan, exprs: Vec<(Expr, &str)>) -> StreamPlan {
    let fields: Vec<Field> = exprs
        .iter()
        .map(|(expr, name)| {
            Field::new(
                *name,
                expr.data_type(&input.schema).expect("it has a type"),
                true,
            )
        })
        .collect();
    let append_only = input.append_only;
    let exprs = exprs.into_iter().map(|(expr, _)| expr).collect();
    StreamPlan {
        node: StreamNode::Project {
            input: Box::new(input),
            exprs,
        },
        schema: Arc::new(Schema::new(fields)),
        append_only,
    }
}

pub fn unnest(input: StreamPlan, name: &str) -> StreamPlan {
    let column = input.schema.index_of(name).expect("the column is there");
    let fields: Vec<Field> = input
        .schema
        .fields()
        .iter()
        .enumerate()
        .map(|(at, field)| match (at == column, field.data_type()) {
            (true, DataType::List(element)) => {
                Field::new(field.name(), element.data_type().clone(), true)
            }
            _ => field.as_ref().clone(),
        })
        .collect();
    let append_only = input.append_only;
    StreamPlan {
        node: StreamNode::Unnest {
            input: Box::new(input),
            column,
        },
        schema: Arc::new(Schema::new(fields)),
        append_only,
    }
}

pub fn union(inputs: Vec<StreamPlan>) -> StreamPlan {
    let schema = Arc::clone(&inputs[0].schema);
    let append_only = inputs.iter().all(|input| input.append_only);
    StreamPlan {
        node: StreamNode::Union { inputs },
        schema,
        append_only,
    }
}

/// An aggregate function and its filter.
pub type Aggregated = (Arc<AggregateFunctionExpr>, Option<Expr>);

pub struct Call<'a> {
    pub input: &'a StreamPlan,
    pub function: Arc<AggregateUDF>,
    pub arguments: Vec<Expr>,
    pub distinct: bool,
    pub order: Vec<(Expr, bool)>,
    pub filter: Option<Expr>,
}

impl Call<'_> {
    pub fn build(self, name: &str) -> Aggregated {
        let order = self
            .order
            .into_iter()
            .map(|(expr, descending)| {
                let sorted = PhysicalSortExpr::new_default(expr);
                if descending {
                    sorted.desc().nulls_last()
                } else {
                    sorted.asc().nulls_first()
                }
            })
            .collect();
        let built = AggregateExprBuilder::new(self.function, self.arguments)
            .schema(Arc::clone(&self.input.schema))
            .alias(name)
            .with_distinct(self.distinct)
            .order_by(order)
            .build();
        (
            Arc::new(built.expect("the aggregate is right")),
            self.filter,
        )
    }
}

pub fn call<'a>(
    input: &'a StreamPlan,
    function: Arc<AggregateUDF>,
    arguments: &[Expr],
) -> Call<'a> {
    Call {
        input,
        function,
        arguments: arguments.to_vec(),
        distinct: false,
        order: Vec::new(),
        filter: None,
    }
}

pub fn aggregate(
    input: StreamPlan,
    group: Vec<(Expr, &str)>,
    aggregates: Vec<Aggregated>,
) -> StreamPlan {
    let mut fields: Vec<Field> = group
        .iter()
        .map(|(expr, name)| {
            Field::new(
                *name,
                expr.data_type(&input.schema).expect("it has a type"),
                true,
            )
        })
        .collect();
    fields.extend(
        aggregates
            .iter()
            .map(|(function, _)| function.field().as_ref().clone().with_nullable(true)),
    );
    let (aggregates, filters) = aggregates.into_iter().unzip();
    StreamPlan {
        node: StreamNode::Aggregate(StreamAggregate {
            input: Box::new(input),
            group: group.into_iter().map(|(expr, _)| expr).collect(),
            aggregates,
            filters,
        }),
        schema: Arc::new(Schema::new(fields)),
        append_only: false,
    }
}

pub fn join(left: StreamPlan, right: StreamPlan, on: Vec<(Expr, Expr)>) -> StreamPlan {
    let mut fields: Vec<Field> = Vec::new();
    for (side, plan) in [("l", &left), ("r", &right)] {
        fields.extend(plan.schema.fields().iter().map(|field| {
            Field::new(
                format!("{side}_{}", field.name()),
                field.data_type().clone(),
                true,
            )
        }));
    }
    let append_only = left.append_only && right.append_only;
    StreamPlan {
        node: StreamNode::Join(StreamJoin {
            left: Box::new(left),
            right: Box::new(right),
            on,
            null_equals_null: false,
            filter: None,
        }),
        schema: Arc::new(Schema::new(fields)),
        append_only,
    }
}

/// A join with a further condition, or with NULL equal to NULL.
pub fn with_join(mut plan: StreamPlan, change: impl FnOnce(&mut StreamJoin)) -> StreamPlan {
    if let StreamNode::Join(node) = &mut plan.node {
        change(node);
    }
    plan
}
