//! The extended query protocol.

use std::sync::Arc;

use pgwire::messages::data::{NoData, ParameterDescription};
use pgwire::messages::extendedquery::{
    BindComplete, CloseComplete, ParseComplete, PortalSuspended,
};
use summit_session::{Outcome, Prepared, SqlError, SqlState, TransactionStatus};

use super::portal::{Portal, PortalState, Statement};
use super::{Completion, Conversation};
use crate::error::{End, Failure};
use crate::limits::{PORTALS_MAX, STATEMENTS_MAX};
use crate::pg_type::PgType;
use crate::rows::{OpenRows, Progress, description, formats};
use crate::wire::{Bind, Target};

impl Conversation {
    pub(super) async fn parse(
        &mut self,
        name: String,
        query: &str,
        declared: Vec<u32>,
    ) -> Result<(), Failure> {
        self.check_length(query)?;
        if name.is_empty() {
            self.statements.remove("");
        } else if self.statements.contains_key(&name) {
            let message = format!("prepared statement \"{name}\" already exists");
            return Err(SqlError::new(SqlState::DUPLICATE_STATEMENT, message).into());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            return Err(limit(
                "prepared statements",
                STATEMENTS_MAX,
                "Close or DEALLOCATE some.",
            )
            .into());
        }
        let mut parsed = self.session.parse(query)?;
        if parsed.len() > 1 {
            return Err(SqlError::new(
                SqlState::SYNTAX_ERROR,
                "cannot insert multiple commands into a prepared statement",
            )
            .into());
        }
        let mut types = Vec::with_capacity(declared.len());
        for &oid in &declared {
            types.push(match oid {
                0 => None,
                oid => PgType::of_oid(oid)
                    .ok_or_else(|| {
                        SqlError::unsupported(
                            format!("parameters of the type with OID {oid} are not supported"),
                            "Send the value as text and cast it.",
                        )
                    })?
                    .declared(),
            });
        }
        let mut offset = 0;
        let prepared = match parsed.pop() {
            None => None,
            Some(statement) => {
                offset = statement.offset;
                let prepared = self
                    .io
                    .watched(self.session.prepare(&statement, &types))
                    .await?;
                Some(prepared.map_err(|error| Failure::from(error).shifted(offset))?)
            }
        };
        self.notices()?;
        self.statements.insert(
            name,
            Arc::new(Statement {
                prepared,
                declared,
                offset,
            }),
        );
        self.io.output.put(&ParseComplete::new())?;
        Ok(())
    }

    fn statement_named(&self, name: &str) -> Result<Arc<Statement>, SqlError> {
        self.statements.get(name).cloned().ok_or_else(|| {
            let message = match name {
                "" => "unnamed prepared statement does not exist".to_owned(),
                name => format!("prepared statement \"{name}\" does not exist"),
            };
            SqlError::new(SqlState::UNKNOWN_STATEMENT, message)
        })
    }

    pub(super) fn bind(&mut self, bind: Bind) -> Result<(), Failure> {
        let statement = self.statement_named(&bind.statement)?;
        if bind.portal.is_empty() {
            self.portals.remove("");
        } else if self.portals.contains_key(&bind.portal) {
            let message = format!("cursor \"{}\" already exists", bind.portal);
            return Err(SqlError::new(SqlState::DUPLICATE_CURSOR, message).into());
        }
        if self.portals.len() >= PORTALS_MAX {
            return Err(limit(
                "open portals",
                PORTALS_MAX,
                "Close some, or end the transaction.",
            )
            .into());
        }
        let zone = self.style().zone;
        let parameters = statement.parameters(
            &bind.statement,
            &bind.parameters,
            &bind.parameter_formats,
            zone,
        )?;
        if let Some(columns) = columns(&statement) {
            formats(&bind.result_formats, columns.fields().len())?;
        }
        let portal = Portal {
            statement,
            parameters,
            result_formats: bind.result_formats,
            state: PortalState::Ready,
        };
        self.portals.insert(bind.portal, portal);
        self.io.output.put(&BindComplete::new())?;
        Ok(())
    }

    pub(super) fn describe(&mut self, target: Target, name: &str) -> Result<(), Failure> {
        let (statement, chosen) = match target {
            Target::Statement => {
                let statement = self.statement_named(name)?;
                let count = statement.parameter_types().len();
                let oids = (0..count)
                    .map(|nth| statement.wire_type(nth).oid())
                    .collect();
                self.io.output.put(&ParameterDescription::new(oids))?;
                (statement, Vec::new())
            }
            Target::Portal => {
                let portal = self.portals.get(name).ok_or_else(|| no_portal(name))?;
                (Arc::clone(&portal.statement), portal.result_formats.clone())
            }
        };
        match columns(&statement) {
            Some(schema) => {
                let formats = formats(&chosen, schema.fields().len())?;
                self.io.output.put(&description(schema, &formats))?;
            }
            None => self.io.output.put(&NoData::new())?,
        }
        Ok(())
    }

    pub(super) fn close(&mut self, target: Target, name: &str) -> Result<(), Failure> {
        // closing what does not exist is no error
        match target {
            Target::Statement => drop(self.statements.remove(name)),
            Target::Portal => drop(self.portals.remove(name)),
        }
        self.io.output.put(&CloseComplete::new())?;
        Ok(())
    }

    pub(super) async fn execute(&mut self, name: String, rows_max: i32) -> Result<(), Failure> {
        // taken out while it runs; an error makes an end of it
        let mut portal = self.portals.remove(&name).ok_or_else(|| no_portal(&name))?;
        let max = u64::try_from(rows_max).ok().filter(|&max| max > 0);
        let offset = portal.statement.offset;
        self.run_portal(&name, &mut portal, max)
            .await
            .map_err(|failure| failure.shifted(offset))?;
        self.portals.insert(name, portal);
        Ok(())
    }

    async fn run_portal(
        &mut self,
        name: &str,
        portal: &mut Portal,
        max: Option<u64>,
    ) -> Result<(), Failure> {
        match &portal.state {
            PortalState::Exhausted(tag) => {
                return self.complete(Completion::Tag(format!("{tag} 0")));
            }
            PortalState::Done => {
                let message = format!("portal \"{name}\" cannot be run");
                return Err(SqlError::new(SqlState::NOT_IN_STATE, message).into());
            }
            PortalState::Ready => {
                let Some(prepared) = portal.statement.prepared.clone() else {
                    return self.complete(Completion::Empty);
                };
                self.executed.increment(1);
                self.open_pipeline();
                let parameters = portal.parameters.clone();
                let outcome = self
                    .io
                    .watched(self.session.execute(&prepared, parameters))
                    .await??;
                self.notices()?;
                let Outcome::Rows(rows) = outcome else {
                    let completion = self.respond_without_rows(outcome).await?;
                    portal.state = PortalState::Done;
                    return self.complete(completion);
                };
                check_columns(&prepared, &rows.schema)?;
                let formats = formats(&portal.result_formats, rows.schema.fields().len())?;
                portal.state = PortalState::Rows(Box::new(OpenRows::new(rows, formats)));
            }
            PortalState::Rows(_) => {}
        }
        let style = self.style();
        let PortalState::Rows(open) = &mut portal.state else {
            return Err(SqlError::internal("a portal lost its rows").into());
        };
        match open.send(&mut self.io, &style, max).await? {
            Progress::Suspended => self.io.output.put(&PortalSuspended::new())?,
            Progress::Finished(count) => {
                let tag = open.tag();
                portal.state = PortalState::Exhausted(tag);
                self.complete(Completion::Tag(format!("{tag} {count}")))?;
            }
        }
        Ok(())
    }

    /// The statements between two Syncs are one transaction. A statement that is alone, with
    /// its Sync right behind it, needs no bracket: it commits by itself.
    fn open_pipeline(&mut self) {
        if !self.implicit
            && !self.io.input.sync_is_next()
            && self.session.transaction_status() == TransactionStatus::Idle
        {
            self.session.begin_implicit();
            self.implicit = true;
        }
    }

    pub(super) async fn sync(&mut self) -> Result<(), End> {
        let failed = std::mem::take(&mut self.skips_to_sync);
        if self.implicit {
            match self.end_implicit(failed).await {
                Ok(()) => {}
                Err(Failure::End(end)) => return Err(end),
                Err(Failure::Statement(located)) => self.report(&located).await?,
            }
        }
        self.ready().await
    }
}

fn columns(statement: &Statement) -> Option<&arrow::datatypes::Schema> {
    statement.prepared.as_ref()?.columns.as_deref()
}

/// A client that was told of other columns could not read these.
fn check_columns(prepared: &Prepared, actual: &arrow::datatypes::Schema) -> Result<(), SqlError> {
    let Some(told) = &prepared.columns else {
        return Err(SqlError::internal("a statement without columns gave rows"));
    };
    let types = |schema: &arrow::datatypes::Schema| -> Vec<u32> {
        schema
            .fields()
            .iter()
            .map(|field| PgType::of_field(field).oid())
            .collect()
    };
    if types(told) == types(actual) {
        return Ok(());
    }
    Err(SqlError::unsupported(
        "cached plan must not change result type",
        "Prepare the statement again.",
    ))
}

fn no_portal(name: &str) -> SqlError {
    SqlError::new(
        SqlState::UNKNOWN_CURSOR,
        format!("portal \"{name}\" does not exist"),
    )
}

fn limit(what: &str, max: usize, hint: &str) -> SqlError {
    SqlError::new(
        SqlState::LIMIT_EXCEEDED,
        format!("too many {what}: the limit is {max}"),
    )
    .hint(hint)
}
