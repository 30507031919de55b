//! Messages and the socket.

mod frontend;
mod input;
mod io;
mod output;

pub(crate) use frontend::{Bind, Frontend, Target};
pub(crate) use input::{Input, Opening, StartupPacket};
pub(crate) use io::{Ends, Io};
pub(crate) use output::{Output, write_error};
