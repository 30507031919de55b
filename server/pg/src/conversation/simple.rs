//! The simple query protocol.

use summit_session::{ParsedStatement, SqlError, SqlState, TransactionStatus};

use super::{Completion, Conversation};
use crate::error::{End, Failure};

impl Conversation {
    /// Runs the statements of a query message and says when it is ready for the next.
    pub(super) async fn query(&mut self, text: &str) -> Result<(), End> {
        // as in PostgreSQL, a simple query makes an end of the unnamed ones
        self.statements.remove("");
        self.portals.remove("");
        let ran = match self.end_pipeline().await {
            Ok(()) => self.statements_of(text).await,
            failed => failed,
        };
        match ran {
            Ok(()) => {}
            Err(Failure::End(end)) => return Err(end),
            Err(Failure::Statement(located)) => self.report(&located).await?,
        }
        self.ready().await
    }

    /// A query in the middle of a pipeline acts as a Sync first.
    async fn end_pipeline(&mut self) -> Result<(), Failure> {
        if self.implicit {
            self.end_implicit(false).await
        } else {
            Ok(())
        }
    }

    async fn statements_of(&mut self, text: &str) -> Result<(), Failure> {
        self.check_length(text)?;
        let statements = self.session.parse(text)?;
        if statements.is_empty() {
            return self.complete(Completion::Empty);
        }
        let several = statements.len() > 1;
        if several {
            self.session.begin_implicit();
        }
        let last = statements.len() - 1;
        for (nth, statement) in statements.iter().enumerate() {
            let ran = self
                .statement(statement)
                .await
                .map_err(|failure| failure.shifted(statement.offset));
            let ran = match ran {
                // the client must not read "done" before it is committed
                Ok(completion) if several && nth == last => {
                    self.end_implicit(false).await.map(|()| completion)
                }
                Err(failure) if several => {
                    self.session.fail_transaction();
                    // whatever rolling back says, the statement's error is the one to tell
                    if let Err(Failure::End(end)) = self.end_implicit(true).await {
                        return Err(end.into());
                    }
                    Err(failure)
                }
                ran => ran,
            };
            self.complete(ran?)?;
        }
        Ok(())
    }

    async fn statement(&mut self, statement: &ParsedStatement) -> Result<Completion, Failure> {
        self.executed.increment(1);
        if self.deallocates(&statement.text) {
            return Ok(Completion::Tag("DEALLOCATE".to_owned()));
        }
        let prepared = self
            .io
            .watched(self.session.prepare(statement, &[]))
            .await??;
        if !prepared.parameter_types.is_empty() {
            let message = "there is no parameter $1";
            return Err(SqlError::new(SqlState::UNDEFINED_PARAMETER, message)
                .hint("Parameters need the extended query protocol.")
                .into());
        }
        let outcome = self
            .io
            .watched(self.session.execute(&prepared, Vec::new()))
            .await??;
        self.respond(outcome).await
    }

    /// `DEALLOCATE name` of a statement that was prepared over the protocol: the session
    /// knows only those of SQL's PREPARE. psycopg drops statements this way.
    fn deallocates(&mut self, text: &str) -> bool {
        if self.session.transaction_status() == TransactionStatus::Failed {
            return false;
        }
        let mut words = text.split_ascii_whitespace();
        let name = match (words.next(), words.next(), words.next(), words.next()) {
            (Some(verb), Some(name), None, None) if verb.eq_ignore_ascii_case("deallocate") => name,
            (Some(verb), Some(prepare), Some(name), None)
                if verb.eq_ignore_ascii_case("deallocate")
                    && prepare.eq_ignore_ascii_case("prepare") =>
            {
                name
            }
            _ => return false,
        };
        match name
            .strip_prefix('"')
            .and_then(|name| name.strip_suffix('"'))
        {
            Some(quoted) => self.statements.remove(quoted).is_some(),
            None => self.statements.remove(&name.to_lowercase()).is_some(),
        }
    }
}
