//! The JSON answers: twins of the server's status with names that stay.

use serde::Serialize;
use summit_session::{RelationKind, Status};

/// What there is, for `GET /` and for answers to unknown paths.
pub(crate) const PATHS: [&str; 6] = [
    "GET /health",
    "GET /metrics",
    "GET /api/metrics",
    "GET /api/topics",
    "GET /api/nodes",
    "POST /api/rebalance",
];

#[derive(Serialize)]
pub(crate) struct Index {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) paths: [&'static str; 6],
}

#[derive(Serialize)]
pub(crate) struct Health<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    version: &'static str,
    node_id: u32,
    roles: &'a [String],
    lsn: u64,
    views_lsn: u64,
    uptime_seconds: f64,
}

impl<'a> Health<'a> {
    pub(crate) fn of(status: &'a Status) -> Self {
        let reason = status.ready.as_ref().err().map(String::as_str);
        Health {
            status: if reason.is_none() {
                "ok"
            } else {
                "unavailable"
            },
            reason,
            version: status.version,
            node_id: status.node_id,
            roles: &status.roles,
            lsn: status.committed_lsn,
            views_lsn: status.views_lsn,
            uptime_seconds: status.uptime_seconds,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Topics<'a> {
    topics: Vec<Topic<'a>>,
}

#[derive(Serialize)]
struct Topic<'a> {
    name: &'a str,
    schema: &'a str,
    rows: u64,
    late_rows: u64,
    partitions: Vec<Partition>,
}

#[derive(Serialize)]
struct Partition {
    partition: u32,
    leader: u32,
    replicas: [u32; 1],
    in_sync_replicas: [u32; 1],
    start_offset: u64,
    end_offset: u64,
}

impl<'a> Topics<'a> {
    /// The streams of a single node: it leads and holds every partition.
    pub(crate) fn of(status: &'a Status) -> Self {
        let node = status.node_id;
        let streams = status
            .relations
            .iter()
            .filter(|r| r.kind == RelationKind::Stream);
        let topics = streams
            .map(|stream| Topic {
                name: &stream.name,
                schema: &stream.schema,
                rows: stream.rows,
                late_rows: stream.late_rows,
                partitions: stream
                    .partitions
                    .iter()
                    .map(|partition| Partition {
                        partition: partition.partition,
                        leader: node,
                        replicas: [node],
                        in_sync_replicas: [node],
                        start_offset: partition.start_offset,
                        end_offset: partition.end_offset,
                    })
                    .collect(),
            })
            .collect();
        Topics { topics }
    }
}

#[derive(Serialize)]
pub(crate) struct Nodes<'a> {
    nodes: [Node<'a>; 1],
}

#[derive(Serialize)]
struct Node<'a> {
    node_id: u32,
    roles: &'a [String],
    alive: bool,
    ready: bool,
    version: &'static str,
    uptime_seconds: f64,
}

impl<'a> Nodes<'a> {
    /// This node: the only one of its cluster.
    pub(crate) fn of(status: &'a Status) -> Self {
        Nodes {
            nodes: [Node {
                node_id: status.node_id,
                roles: &status.roles,
                alive: true,
                ready: status.ready.is_ok(),
                version: status.version,
                uptime_seconds: status.uptime_seconds,
            }],
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Rebalanced {
    /// Partitions whose leader moves; a single node has nowhere to move them.
    pub(crate) moved: [u32; 0],
}

#[derive(Serialize)]
pub(crate) struct Problem {
    pub(crate) error: String,
    pub(crate) hint: String,
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    pub(crate) paths: &'static [&'static str],
}
