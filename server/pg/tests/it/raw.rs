//! A client that speaks messages, for flows that drivers do not do.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Raw {
    pub socket: TcpStream,
    pub process: i32,
    pub key: Vec<u8>,
    pub parameters: Vec<(String, String)>,
}

/// A message of the server: its kind and body.
pub type Answer = (char, Vec<u8>);

pub fn startup(version: u32, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    for (name, value) in parameters {
        for word in [name, value] {
            body.extend(word.as_bytes());
            body.push(0);
        }
    }
    body.push(0);
    let mut packet = ((body.len() + 4) as u32).to_be_bytes().to_vec();
    packet.extend(body);
    packet
}

pub const V3_0: u32 = 3 << 16;

/// A message from its kind and the parts of its body.
pub fn message(kind: char, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = vec![kind as u8];
    out.extend(((body.len() + 4) as u32).to_be_bytes());
    out.extend(body);
    out
}

pub fn text(value: &str) -> Vec<u8> {
    let mut out = value.as_bytes().to_vec();
    out.push(0);
    out
}

pub fn query(sql: &str) -> Vec<u8> {
    message('Q', &[&text(sql)])
}

pub fn parse(name: &str, sql: &str, types: &[u32]) -> Vec<u8> {
    let oids: Vec<u8> = types.iter().flat_map(|oid| oid.to_be_bytes()).collect();
    message(
        'P',
        &[
            &text(name),
            &text(sql),
            &(types.len() as u16).to_be_bytes(),
            &oids,
        ],
    )
}

pub fn bind(
    portal: &str,
    statement: &str,
    formats: &[i16],
    values: &[Option<&[u8]>],
    results: &[i16],
) -> Vec<u8> {
    let codes = |codes: &[i16]| {
        let mut out = (codes.len() as u16).to_be_bytes().to_vec();
        codes.iter().for_each(|code| out.extend(code.to_be_bytes()));
        out
    };
    let mut parameters = (values.len() as u16).to_be_bytes().to_vec();
    for value in values {
        match value {
            None => parameters.extend((-1_i32).to_be_bytes()),
            Some(bytes) => {
                parameters.extend((bytes.len() as i32).to_be_bytes());
                parameters.extend(*bytes);
            }
        }
    }
    message(
        'B',
        &[
            &text(portal),
            &text(statement),
            &codes(formats),
            &parameters,
            &codes(results),
        ],
    )
}

pub fn describe(target: char, name: &str) -> Vec<u8> {
    message('D', &[&[target as u8], &text(name)])
}

pub fn execute(portal: &str, max: i32) -> Vec<u8> {
    message('E', &[&text(portal), &max.to_be_bytes()])
}

pub fn close(target: char, name: &str) -> Vec<u8> {
    message('C', &[&[target as u8], &text(name)])
}

pub fn sync() -> Vec<u8> {
    message('S', &[])
}

pub fn flush() -> Vec<u8> {
    message('H', &[])
}

impl Raw {
    pub async fn open(address: SocketAddr) -> Raw {
        let socket = TcpStream::connect(address).await.expect("a connection");
        Raw {
            socket,
            process: 0,
            key: Vec::new(),
            parameters: Vec::new(),
        }
    }

    /// A session that is ready.
    pub async fn session(address: SocketAddr) -> Raw {
        let mut raw = Raw::open(address).await;
        raw.send(&[startup(V3_0, &[("user", "summit"), ("database", "summit")])])
            .await;
        for (kind, body) in raw.until_ready().await {
            match kind {
                'K' => {
                    raw.process = i32::from_be_bytes(body[..4].try_into().expect("four bytes"));
                    raw.key = body[4..].to_vec();
                }
                'S' => {
                    let mut words = body
                        .split(|&b| b == 0)
                        .map(|w| String::from_utf8_lossy(w).into_owned());
                    raw.parameters.push((
                        words.next().expect("a name"),
                        words.next().expect("a value"),
                    ));
                }
                'R' | 'Z' => {}
                other => panic!("{other} at the start"),
            }
        }
        raw
    }

    pub async fn send(&mut self, messages: &[Vec<u8>]) {
        self.socket
            .write_all(&messages.concat())
            .await
            .expect("the server listens");
    }

    /// The next message; `None` at the end of the connection.
    pub async fn try_next(&mut self) -> Option<Answer> {
        let mut head = [0; 5];
        self.socket.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let mut body = vec![0; length - 4];
        self.socket
            .read_exact(&mut body)
            .await
            .expect("a whole message");
        Some((char::from(head[0]), body))
    }

    pub async fn next(&mut self) -> Answer {
        self.try_next().await.expect("an open connection")
    }

    pub async fn until(&mut self, last: char) -> Vec<Answer> {
        let mut answers = Vec::new();
        loop {
            let answer = self.next().await;
            let kind = answer.0;
            answers.push(answer);
            if kind == last {
                return answers;
            }
        }
    }

    pub async fn until_ready(&mut self) -> Vec<Answer> {
        self.until('Z').await
    }
}

/// The kinds of messages, one letter each.
pub fn kinds(answers: &[Answer]) -> String {
    answers.iter().map(|(kind, _)| *kind).collect()
}

/// A field of an ErrorResponse.
pub fn field(answer: &Answer, code: char) -> Option<String> {
    answer
        .1
        .split(|&b| b == 0)
        .find(|f| f.first() == Some(&(code as u8)))
        .map(|f| String::from_utf8_lossy(&f[1..]).into_owned())
}

/// The tag of a CommandComplete.
pub fn tag(answer: &Answer) -> String {
    String::from_utf8_lossy(answer.1.strip_suffix(&[0]).expect("a zero")).into_owned()
}

/// The values of a DataRow.
pub fn values(answer: &Answer) -> Vec<Option<Vec<u8>>> {
    let mut rest = &answer.1[2..];
    let mut out = Vec::new();
    while !rest.is_empty() {
        let length = i32::from_be_bytes(rest[..4].try_into().expect("four bytes"));
        rest = &rest[4..];
        match usize::try_from(length) {
            Ok(length) => {
                out.push(Some(rest[..length].to_vec()));
                rest = &rest[length..];
            }
            Err(_) => out.push(None),
        }
    }
    out
}
