//! The manifest: a backup's table of contents, as JSON.

use chrono::{DateTime, SecondsFormat};
use serde::{Deserialize, Serialize};
use summit_log::{CommitTime, Cut, Lsn};

use crate::BackupId;
use crate::BackupInfo;
use crate::entries::{Sealed, sha256_hex};
use crate::limits::OBJECT_BYTES_MAX;

const FORMAT: &str = "summit-backup";
const VERSION: u32 = 1;
/// Where manifests are.
pub(crate) const MANIFESTS: &str = "manifests";
/// Where entries are.
pub(crate) const DATA: &str = "data";

/// The name of a backup's manifest.
pub(crate) fn manifest_name(id: &BackupId) -> String {
    format!("{MANIFESTS}/{id}.json")
}

/// The name of a backup's object, counted from 1.
pub(crate) fn object_name(id: &BackupId, number: usize) -> String {
    format!("{DATA}/{id}/{number:06}.entries")
}

/// A manifest that was checked: its objects follow each other without a gap.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) info: BackupInfo,
    pub(crate) objects: Vec<ObjectInfo>,
}

/// An object as the manifest knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectInfo {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) first: Lsn,
    pub(crate) last: Lsn,
    pub(crate) last_time: CommitTime,
}

impl ObjectInfo {
    pub(crate) fn of(name: String, sealed: &Sealed) -> Self {
        ObjectInfo {
            name,
            bytes: sealed.bytes.len() as u64,
            sha256: sealed.sha256.clone(),
            first: sealed.first,
            last: sealed.last,
            last_time: sealed.last_time,
        }
    }
}

impl Manifest {
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let info = &self.info;
        let mut twin = ManifestV1 {
            format: FORMAT.to_owned(),
            version: VERSION,
            id: info.id.to_string(),
            label: info.label.clone(),
            database_id: info.database_id.clone(),
            server_version: info.server_version.clone(),
            created_at: rfc3339(info.created),
            created_micros: info.created.micros(),
            first_lsn: info.first.get(),
            last_lsn: info.at.lsn().get(),
            entries: info.entries,
            bytes: info.bytes,
            objects: self
                .objects
                .iter()
                .map(|object| ObjectV1 {
                    name: object.name.clone(),
                    bytes: object.bytes,
                    sha256: object.sha256.clone(),
                    first_lsn: object.first.get(),
                    last_lsn: object.last.get(),
                    last_micros: object.last_time.micros(),
                })
                .collect(),
            sha256: String::new(),
        };
        twin.sha256 = sha256_hex(&twin.to_bytes());
        twin.to_bytes()
    }

    /// Reads the manifest of backup `id`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn from_json(id: &BackupId, bytes: &[u8]) -> Result<Self, String> {
        let head: Head = serde_json::from_slice(bytes).map_err(|error| broken(&error))?;
        if head.format != FORMAT {
            return Err("is not a manifest of a backup".to_owned());
        }
        if head.version != VERSION {
            return Err(format!(
                "has format version {}, this program reads {VERSION}: use a newer program",
                head.version
            ));
        }
        let mut twin: ManifestV1 = serde_json::from_slice(bytes).map_err(|error| broken(&error))?;
        let sha256 = std::mem::take(&mut twin.sha256);
        if sha256_hex(&twin.to_bytes()) != sha256 {
            return Err("does not match its own SHA-256".to_owned());
        }
        twin.into_manifest(id)
    }
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestV1 {
    format: String,
    version: u32,
    id: String,
    label: Option<String>,
    database_id: String,
    server_version: String,
    /// For people; `created_micros` counts.
    created_at: String,
    created_micros: i64,
    first_lsn: u64,
    last_lsn: u64,
    entries: u64,
    bytes: u64,
    objects: Vec<ObjectV1>,
    /// Of this document with this field empty.
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ObjectV1 {
    name: String,
    bytes: u64,
    sha256: String,
    first_lsn: u64,
    last_lsn: u64,
    last_micros: i64,
}

impl ManifestV1 {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes =
            serde_json::to_vec_pretty(self).expect("strings and numbers are always JSON");
        bytes.push(b'\n');
        bytes
    }

    fn into_manifest(self, id: &BackupId) -> Result<Manifest, String> {
        if self.id != id.as_str() {
            return Err(format!("is of backup {}", self.id));
        }
        let mut expected = self.first_lsn;
        let mut bytes = 0u64;
        let mut objects = Vec::with_capacity(self.objects.len());
        for (index, object) in self.objects.into_iter().enumerate() {
            let name = object_name(id, index + 1);
            let fits = object.name == name
                && object.first_lsn == expected
                && object.last_lsn >= object.first_lsn
                && object.bytes <= OBJECT_BYTES_MAX as u64;
            let next = object.last_lsn.checked_add(1).filter(|_| fits);
            let sum = bytes.checked_add(object.bytes);
            let (Some(next), Some(sum)) = (next, sum) else {
                return Err(format!("lists {name} out of order"));
            };
            (expected, bytes) = (next, sum);
            objects.push(ObjectInfo {
                name,
                bytes: object.bytes,
                sha256: object.sha256,
                first: Lsn::new(object.first_lsn),
                last: Lsn::new(object.last_lsn),
                last_time: CommitTime::from_micros(object.last_micros),
            });
        }
        let entries = expected - self.first_lsn;
        if self.last_lsn.checked_add(1) != Some(expected)
            || self.entries != entries
            || self.bytes != bytes
        {
            return Err("lists other objects than its totals say".to_owned());
        }
        let info = BackupInfo {
            id: id.clone(),
            label: self.label,
            database_id: self.database_id,
            server_version: self.server_version,
            created: CommitTime::from_micros(self.created_micros),
            first: Lsn::new(self.first_lsn),
            at: Cut::at(Lsn::new(self.last_lsn)),
            last_time: objects.last().map(|object| object.last_time),
            entries,
            bytes,
            objects: objects.len(),
        };
        Ok(Manifest { info, objects })
    }
}

fn broken(error: &serde_json::Error) -> String {
    format!("is not whole: {error}")
}

/// A time for people.
pub(crate) fn rfc3339(time: CommitTime) -> String {
    DateTime::from_timestamp_micros(time.micros()).map_or_else(
        || time.micros().to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::Micros, true),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> (BackupId, Vec<u8>) {
        let id: BackupId = "20261124T153000Z-000000ff".parse().unwrap();
        let object = ObjectInfo {
            name: object_name(&id, 1),
            bytes: 30,
            sha256: "ab".repeat(32),
            first: Lsn::new(1),
            last: Lsn::new(4),
            last_time: CommitTime::from_micros(9),
        };
        let info = BackupInfo {
            id: id.clone(),
            label: Some("nightly".to_owned()),
            database_id: "db".to_owned(),
            server_version: "0.1.0".to_owned(),
            created: CommitTime::from_micros(1_795_534_200_000_000),
            first: Lsn::new(1),
            at: Cut::at(Lsn::new(4)),
            last_time: Some(CommitTime::from_micros(9)),
            entries: 4,
            bytes: 30,
            objects: 1,
        };
        let json = Manifest {
            info: info.clone(),
            objects: vec![object],
        }
        .to_json();
        assert_eq!(Manifest::from_json(&id, &json).unwrap().info, info);
        (id, json)
    }

    /// Version 1's text: a change here takes a new version and a reader for this one.
    #[test]
    fn the_text_of_version_1_stays_as_it_is() {
        let (_, json) = manifest();
        assert_eq!(
            String::from_utf8(json).unwrap(),
            include_str!("../tests/manifest-v1.json")
        );
    }

    #[test]
    fn any_flipped_byte_and_any_cut_is_found() {
        let (id, json) = manifest();
        for at in 0..json.len() {
            let mut bytes = json.clone();
            bytes[at] ^= 1;
            if let Ok(read) = Manifest::from_json(&id, &bytes) {
                // white space may change
                assert_eq!(read.to_json(), json, "byte {at}");
            }
            // all but the last newline
            let cut = Manifest::from_json(&id, &json[..at]);
            assert!(cut.is_err() || at == json.len() - 1, "cut at {at}");
        }
    }

    #[test]
    fn a_manifest_of_another_backup_is_refused() {
        let (_, json) = manifest();
        let other: BackupId = "20261124T153000Z-000000fe".parse().unwrap();
        assert!(
            Manifest::from_json(&other, &json)
                .unwrap_err()
                .contains("is of backup")
        );
    }
}
