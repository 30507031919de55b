//! Standard output: results only.

use std::io::{ErrorKind, Write};

use crate::error::CommandError;

/// Writes and flushes.
///
/// # Errors
/// [`CommandError::Silent`] when the reader went away (`summit sql … | head`).
pub fn print(text: impl AsRef<[u8]>) -> Result<(), CommandError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_ref())
        .and_then(|()| out.flush())
        .map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => CommandError::Silent(1),
            _ => CommandError::Failed(format!("cannot write to standard output: {error}")),
        })
}

/// Writes to standard error, where what cannot be written is nobody's loss.
pub fn say(text: impl AsRef<[u8]>) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_ref()).and_then(|()| out.flush());
}
