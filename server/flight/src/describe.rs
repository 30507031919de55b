//! `GetFlightInfo`, `GetSchema` and `ListFlights`: what there is to get.

use arrow::datatypes::SchemaRef;
use arrow_flight::flight_descriptor::DescriptorType;
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo, Ticket};
use summit_session::Status as ServerStatus;
use tonic::Status;

use crate::call::{Call, sql_text};
use crate::get::tag_schema;
use crate::plain::plain_schema;
use crate::status::from_sql;

/// What a descriptor stands for.
pub(crate) struct Described {
    pub(crate) schema: SchemaRef,
    /// The statement that gives it.
    pub(crate) sql: String,
}

/// What a path or command stands for.
pub(crate) async fn describe(
    call: &mut Call,
    descriptor: &FlightDescriptor,
) -> Result<Described, Status> {
    match descriptor.r#type() {
        DescriptorType::Path => {
            let path = relation_path(descriptor)?;
            let schema = call
                .session
                .relation_schema(path)
                .map_err(|error| from_sql(&error))?;
            Ok(Described {
                schema: plain_schema(&schema),
                sql: select_all(path),
            })
        }
        DescriptorType::Cmd => {
            let sql = sql_text(&descriptor.cmd)?;
            let prepared = call.prepare(sql).await?;
            let schema = prepared
                .columns
                .as_ref()
                .map_or_else(tag_schema, |schema| plain_schema(schema));
            Ok(Described {
                schema,
                sql: sql.to_owned(),
            })
        }
        DescriptorType::Unknown => Err(Status::invalid_argument(
            "the descriptor is neither a path nor a command\n\
             HINT: a path is [relation] or [schema, relation], a command is SQL text",
        )),
    }
}

/// The answer to `GetFlightInfo`.
pub(crate) fn flight_info(
    described: &Described,
    descriptor: FlightDescriptor,
) -> Result<FlightInfo, Status> {
    let endpoint = FlightEndpoint::new().with_ticket(Ticket::new(described.sql.clone()));
    Ok(FlightInfo::new()
        .try_with_schema(&described.schema)
        .map_err(|error| Status::internal(error.to_string()))?
        .with_descriptor(descriptor)
        .with_endpoint(endpoint))
}

/// One answer to `ListFlights` per relation.
pub(crate) fn list(call: &Call, server: &ServerStatus) -> Vec<Result<FlightInfo, Status>> {
    let mut flights = Vec::with_capacity(server.relations.len());
    for relation in &server.relations {
        let path = vec![relation.schema.clone(), relation.name.clone()];
        // dropped since the status was taken: no longer there to list
        let Ok(schema) = call.session.relation_schema(&path) else {
            continue;
        };
        let described = Described {
            schema: plain_schema(&schema),
            sql: select_all(&path),
        };
        let rows = i64::try_from(relation.rows).unwrap_or(i64::MAX);
        flights.push(
            flight_info(&described, FlightDescriptor::new_path(path))
                .map(|info| info.with_total_records(rows)),
        );
    }
    flights
}

/// The relation that a descriptor's path names: `[relation]` or `[schema, relation]`.
pub(crate) fn relation_path(descriptor: &FlightDescriptor) -> Result<&[String], Status> {
    let path = descriptor.path.as_slice();
    let named = !path.iter().any(String::is_empty);
    if descriptor.r#type() == DescriptorType::Path && named && (1..=2).contains(&path.len()) {
        return Ok(path);
    }
    Err(Status::invalid_argument(format!(
        "the descriptor does not name a relation (type {:?}, path {path:?})\n\
         HINT: use a path descriptor of [relation] or [schema, relation]",
        descriptor.r#type()
    )))
}

fn select_all(path: &[String]) -> String {
    let quoted: Vec<String> = path
        .iter()
        .map(|name| format!("\"{}\"", name.replace('"', "\"\"")))
        .collect();
    format!("SELECT * FROM {}", quoted.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_so_that_any_name_reads_back() {
        let path = ["pu blic".to_owned(), "a\"b.c".to_owned()];
        assert_eq!(select_all(&path), "SELECT * FROM \"pu blic\".\"a\"\"b.c\"");
    }

    #[test]
    fn a_path_of_the_wrong_length_is_refused() {
        for path in [vec![], vec!["a", "b", "c"], vec![""]] {
            let path = path.into_iter().map(str::to_owned).collect();
            let status = relation_path(&FlightDescriptor::new_path(path)).unwrap_err();
            assert!(status.message().contains("[schema, relation]"));
        }
    }
}
