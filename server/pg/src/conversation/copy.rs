//! Taking the data of a `COPY … FROM STDIN` from the client.

use arrow::array::RecordBatch;
use bytes::Bytes;
use pgwire::messages::copy::CopyInResponse;
use summit_session::{CopyFormat, CopyIn, SqlError, SqlState};

use super::Conversation;
use crate::copy_in::CopyDecoder;
use crate::error::{Failure, Located, canceled, protocol};
use crate::limits::COPY_STEP_BYTES;
use crate::wire::Frontend;

impl Conversation {
    /// Asks for the rows, takes them, and hands them over when all are here.
    pub(super) async fn copy_in(&mut self, copy: &CopyIn) -> Result<u64, Failure> {
        let columns = copy.schema.fields().len();
        let code = i16::from(copy.options.format == CopyFormat::Binary);
        let zone = self.style().zone;
        let mut decoder = CopyDecoder::new(copy, zone, self.options.copy_bytes_max)?;
        let response = CopyInResponse::new(code as i8, columns as i16, vec![code; columns]);
        self.io.output.put(&response)?;
        self.io.flush().await?;
        self.io.ends.requests.mark_unchanged();
        loop {
            match self.copy_message().await? {
                Frontend::CopyData(data) => push(&mut decoder, &data).await?,
                Frontend::CopyDone => break,
                Frontend::CopyFail(reason) => {
                    let message = format!("COPY from stdin failed: {reason}");
                    return Err(SqlError::new(SqlState::QUERY_CANCELED, message).into());
                }
                // sent ahead by clients that do not know yet that this is a COPY
                Frontend::Flush | Frontend::Sync => {}
                Frontend::Terminate => return Err(crate::error::End::Gone.into()),
                _ => return Err(protocol("unexpected message type during COPY from stdin").into()),
            }
        }
        let batches: Vec<RecordBatch> = decoder.finish()?;
        Ok(self
            .io
            .watched(self.session.copy_in(copy, batches))
            .await??)
    }

    /// The next message, or the error of a cancel request.
    async fn copy_message(&mut self) -> Result<Frontend, Failure> {
        let (input, ends) = (&mut self.io.input, &mut self.io.ends);
        let over = async {
            tokio::select! {
                () = ends.cancel.ended.cancelled() => crate::error::End::Shutdown.into(),
                () = ends.shutdown.cancelled() => crate::error::End::Shutdown.into(),
                Ok(()) = ends.requests.changed() => Failure::from(canceled()),
            }
        };
        let (kind, body) = tokio::select! {
            biased;
            failure = over => return Err(failure),
            message = input.message() => message?,
        };
        Ok(Frontend::read(kind, body)?)
    }
}

/// Decodes a message in steps, so that a large one does not hold up other sessions.
async fn push(decoder: &mut CopyDecoder, data: &Bytes) -> Result<(), Located> {
    for step in data.chunks(COPY_STEP_BYTES) {
        decoder.push(step)?;
        tokio::task::yield_now().await;
    }
    Ok(())
}
