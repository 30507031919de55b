//! From the first byte of a connection to a session.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{BufMut, Bytes};
use pgwire::messages::startup::{
    Authentication, BackendKeyData, NegotiateProtocolVersion, SecretKey,
};
use summit_session::{SessionOptions, SqlError, SqlState};

use crate::cancels::Registration;
use crate::conversation::Conversation;
use crate::error::{End, protocol};
use crate::serve::{Front, Place, SessionPlace, refuse};
use crate::wire::{Ends, Input, Io, Opening, Output, StartupPacket};

/// The newest protocol that we speak: 3.2, with long cancel keys.
const MINOR_MAX: u16 = 2;
/// The one user there is until there are roles.
const USER: &str = "summit";

/// Leads a connection to its session; `None` when it does not come to one (a cancel request,
/// a refused client), with everything said that was to be said.
pub(crate) async fn handshake(
    front: &Arc<Front>,
    mut input: Input,
    mut output: Output,
    peer: SocketAddr,
) -> Option<(Conversation, Registration, SessionPlace)> {
    let packet = match opening(front, &mut input, &mut output).await {
        Ok(packet) => packet?,
        Err(End::Fatal(error)) => {
            refuse(&mut output, error).await;
            return None;
        }
        Err(End::Gone | End::Shutdown) => return None,
    };
    let started = start(front, &packet, peer, &mut output);
    let (session, registration, place) = match started {
        Ok(started) => started,
        Err(error) => {
            tracing::info!(%peer, code = error.code.0, %error, "a PostgreSQL client was refused");
            refuse(&mut output, error).await;
            return None;
        }
    };
    let ends = Ends {
        cancel: session.cancel_handle(),
        shutdown: front.shutdown.clone(),
        requests: registration.requests.clone(),
    };
    let io = Io {
        input,
        output,
        ends,
    };
    Some((
        Conversation::new(io, session, front.options.clone()),
        registration,
        place,
    ))
}

/// Answers requests for encryption and cancellation; gives the startup packet when one comes.
async fn opening(
    front: &Front,
    input: &mut Input,
    output: &mut Output,
) -> Result<Option<StartupPacket>, End> {
    // each kind of encryption may be asked for once
    for _ in 0..3 {
        match input.opening().await? {
            Opening::Ssl | Opening::Gss => {
                output.buffer.put_u8(b'N');
                output.flush().await?;
            }
            Opening::Cancel { process, key } => {
                front.cancels.cancel(process, &key);
                return Ok(None);
            }
            Opening::Startup(packet) => return Ok(Some(packet)),
        }
    }
    Err(End::Fatal(protocol("too many requests for encryption")))
}

type Started = (Box<dyn summit_session::Session>, Registration, SessionPlace);

/// Opens the session and queues what the client is told at the start.
fn start(
    front: &Arc<Front>,
    packet: &StartupPacket,
    peer: SocketAddr,
    output: &mut Output,
) -> Result<Started, SqlError> {
    if packet.major != 3 {
        return Err(SqlError::new(
            SqlState::FEATURE_NOT_SUPPORTED,
            format!(
                "unsupported frontend protocol {}.{}: server supports 3.0 to 3.{MINOR_MAX}",
                packet.major, packet.minor
            ),
        ));
    }
    let mut wanted = Wanted::default();
    for (name, value) in &packet.parameters {
        wanted.take(name, value)?;
    }
    // 3.1 was never released
    let minor = match packet.minor {
        0 | 1 => 0,
        _ => MINOR_MAX,
    };
    if minor != packet.minor || !wanted.protocol_options.is_empty() {
        let version = (3 << 16) | i32::from(minor);
        output.put(&NegotiateProtocolVersion::new(
            version,
            wanted.protocol_options,
        ))?;
    }
    let user = wanted.user.ok_or_else(|| {
        SqlError::new(
            SqlState("28000"),
            "no PostgreSQL user name specified in startup packet",
        )
    })?;
    if user != USER {
        return Err(
            SqlError::new(SqlState("28000"), format!("role \"{user}\" does not exist"))
                .hint(format!("Connect as user {USER}.")),
        );
    }
    let place = Place::session(front)?;
    let session = front.server.session(SessionOptions {
        database: wanted.database.unwrap_or_else(|| user.clone()),
        user,
        peer: peer.to_string(),
        settings: wanted.settings,
    })?;
    let key_bytes = if minor >= 2 { 32 } else { 4 };
    let registration =
        front
            .cancels
            .register(&front.options.context, session.cancel_handle(), key_bytes);
    output.put(&Authentication::Ok)?;
    let key = match <[u8; 4]>::try_from(registration.key.as_slice()) {
        Ok(short) => SecretKey::I32(i32::from_be_bytes(short)),
        Err(_) => SecretKey::Bytes(Bytes::copy_from_slice(&registration.key)),
    };
    output.put(&BackendKeyData::new(registration.process, key))?;
    Ok((session, registration, place))
}

/// What a startup packet asks for.
#[derive(Default)]
struct Wanted {
    user: Option<String>,
    database: Option<String>,
    settings: Vec<(String, String)>,
    protocol_options: Vec<String>,
}

impl Wanted {
    fn take(&mut self, name: &str, value: &str) -> Result<(), SqlError> {
        match name {
            "user" => self.user = Some(value.to_owned()),
            "database" => self.database = Some(value.to_owned()).filter(|name| !name.is_empty()),
            "replication" if !matches!(value, "false" | "off" | "no" | "0") => {
                return Err(SqlError::unsupported(
                    "replication connections are not supported",
                    "Use SUBSCRIBE to follow changes.",
                ));
            }
            "replication" => {}
            "options" => self.settings.extend(command_line(value)),
            name if name.starts_with("_pq_.") => self.protocol_options.push(name.to_owned()),
            name => self.settings.push((name.to_owned(), value.to_owned())),
        }
        Ok(())
    }
}

/// `-c name=value`, `-cname=value` and `--name=value`; a backslash keeps a space.
fn command_line(options: &str) -> Vec<(String, String)> {
    let mut words = vec![String::new()];
    let mut chars = options.chars();
    while let Some(c) = chars.next() {
        let word = words.last_mut().expect("there is always a last word");
        match c {
            '\\' => word.extend(chars.next()),
            c if c.is_ascii_whitespace() => words.push(String::new()),
            c => word.push(c),
        }
    }
    let mut settings = Vec::new();
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let pair = match word.strip_prefix("-c") {
            Some("") => words.next().unwrap_or_default(),
            Some(pair) => pair.to_owned(),
            None => word.strip_prefix("--").unwrap_or_default().to_owned(),
        };
        if let Some((name, value)) = pair.split_once('=') {
            settings.push((name.replace('-', "_"), value.to_owned()));
        }
    }
    settings
}
