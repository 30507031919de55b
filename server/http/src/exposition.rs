//! Prometheus text of what the server's status says at the moment of the scrape.

use std::fmt::{Display, Write};

use summit_session::{RelationKind, RelationStatus, Status};

/// The status as gauges. `resident_bytes` is the process's memory, where it is known.
pub(crate) fn status_text(status: &Status, resident_bytes: Option<u64>) -> String {
    let mut text = Text(String::with_capacity(1024 + 512 * status.relations.len()));
    text.gauge(
        "summit_up",
        "Whether the node can serve.",
        u8::from(status.ready.is_ok()),
    );
    text.gauge(
        "summit_committed_lsn",
        "The database's last position.",
        status.committed_lsn,
    );
    text.gauge(
        "summit_views_lsn",
        "The position that the views have reached.",
        status.views_lsn,
    );
    text.gauge("summit_sessions", "Open sessions.", status.sessions);
    text.gauge(
        "summit_uptime_seconds",
        "Seconds since the start.",
        status.uptime_seconds,
    );
    if let Some(bytes) = resident_bytes {
        text.gauge(
            "process_resident_memory_bytes",
            "Memory of the process.",
            bytes,
        );
    }
    let all = || status.relations.iter();
    text.relations("summit_relation_rows", "Rows in a relation.", all(), |r| {
        r.rows
    });
    text.relations(
        "summit_relation_memory_bytes",
        "Memory that a relation takes.",
        all(),
        |r| r.memory_bytes,
    );
    text.relations(
        "summit_late_rows",
        "Rows of a stream that came behind its watermark.",
        all().filter(|r| r.kind == RelationKind::Stream),
        |r| r.late_rows,
    );
    text.relations(
        "summit_view_failed",
        "Whether a materialized view stopped.",
        all().filter(|r| r.kind == RelationKind::MaterializedView),
        |r| u64::from(r.failed.is_some()),
    );
    text.0
}

/// Memory of this process; `None` where the system does not say.
pub(crate) fn resident_bytes() -> Option<u64> {
    // the kernel's own view of this process, not a file of ours: it does not go through the
    // disk of the context, whose files have a length
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.head(name, help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn relations<'a>(
        &mut self,
        name: &str,
        help: &str,
        relations: impl Iterator<Item = &'a RelationStatus>,
        value: impl Fn(&RelationStatus) -> u64,
    ) {
        self.head(name, help);
        for relation in relations {
            let _ = writeln!(
                self.0,
                "{name}{{relation=\"{}.{}\",kind=\"{}\"}} {}",
                escaped(&relation.schema),
                escaped(&relation.name),
                kind_name(relation.kind),
                value(relation)
            );
        }
    }

    fn head(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
    }
}

/// The kind as labels and JSON say it.
pub(crate) fn kind_name(kind: RelationKind) -> &'static str {
    match kind {
        RelationKind::Stream => "stream",
        RelationKind::Table => "table",
        RelationKind::MaterializedView => "materialized view",
    }
}

fn escaped(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_quotes_cannot_break_out_of_its_label() {
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_memory() {
        assert!(resident_bytes().unwrap() > 100_000);
    }
}
