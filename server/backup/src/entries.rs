//! An object of entries.
//!
//! ```text
//! "SUMMITBK" | version u16 | reserved u16
//! per entry: payload length u32 | CRC32C u32 | position u64 | time i64 | payload
//! ```
//! Little-endian. The checksum covers position, time and payload. How many entries there
//! are and how long the object is stands in the manifest.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use sha2::{Digest, Sha256};
use summit_log::{CommitTime, Entry, Lsn};

const MAGIC: &[u8; 8] = b"SUMMITBK";
const VERSION: u16 = 1;
const HEAD_BYTES: usize = 12;
const ENTRY_HEAD_BYTES: usize = 24;

/// An object in the making.
#[derive(Debug, Default)]
pub(crate) struct EntryWriter {
    bytes: BytesMut,
    entries: u64,
    first: Lsn,
    last: Lsn,
    last_time: CommitTime,
}

/// An object, ready to upload.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) bytes: Bytes,
    pub(crate) sha256: String,
    pub(crate) first: Lsn,
    pub(crate) last: Lsn,
    pub(crate) last_time: CommitTime,
}

impl EntryWriter {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    pub(crate) fn push(&mut self, entry: &Entry) {
        if self.entries == 0 {
            self.bytes.put_slice(MAGIC);
            self.bytes.put_u16_le(VERSION);
            self.bytes.put_u16_le(0);
            self.first = entry.lsn;
        }
        // the log refuses entries of more than 64 MiB
        let len = u32::try_from(entry.payload.len()).expect("an entry is at most 64 MiB");
        self.bytes.put_u32_le(len);
        self.bytes.put_u32_le(checksum(
            entry.lsn.get(),
            entry.time.micros(),
            &entry.payload,
        ));
        self.bytes.put_u64_le(entry.lsn.get());
        self.bytes.put_i64_le(entry.time.micros());
        self.bytes.put_slice(&entry.payload);
        self.entries += 1;
        self.last = entry.lsn;
        self.last_time = entry.time;
    }

    /// Ends the object. Hashes it: not for a runtime's thread.
    pub(crate) fn seal(self) -> Sealed {
        let bytes = self.bytes.freeze();
        Sealed {
            sha256: sha256_hex(&bytes),
            bytes,
            first: self.first,
            last: self.last,
            last_time: self.last_time,
        }
    }
}

/// SHA-256 in hex digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The entries of an object, which must run from `first` to `last` without a gap.
///
/// # Errors
/// What was found instead.
pub(crate) fn decode(mut bytes: Bytes, first: Lsn, last: Lsn) -> Result<Vec<Entry>, String> {
    let len = bytes.len();
    if len < HEAD_BYTES || !bytes.starts_with(MAGIC) {
        return Err("is not an object of entries".to_owned());
    }
    bytes.advance(MAGIC.len());
    let version = bytes.get_u16_le();
    if version != VERSION {
        return Err(format!(
            "has format version {version}, this program reads {VERSION}"
        ));
    }
    bytes.advance(2);
    let mut entries = Vec::new();
    let mut expected = first.get();
    while bytes.has_remaining() {
        let at = len - bytes.remaining();
        if bytes.remaining() < ENTRY_HEAD_BYTES {
            return Err(format!("ends within an entry (at byte {at})"));
        }
        let payload_len = bytes.get_u32_le() as usize;
        let crc = bytes.get_u32_le();
        let lsn = bytes.get_u64_le();
        let time = bytes.get_i64_le();
        if bytes.remaining() < payload_len {
            return Err(format!("ends within an entry (at byte {at})"));
        }
        let payload = bytes.split_to(payload_len);
        if checksum(lsn, time, &payload) != crc {
            return Err(format!("has an entry with a wrong checksum (at byte {at})"));
        }
        if lsn != expected || lsn > last.get() {
            return Err(format!(
                "has position {lsn} where {expected} should be (at byte {at})"
            ));
        }
        expected = lsn.saturating_add(1);
        let (lsn, time) = (Lsn::new(lsn), CommitTime::from_micros(time));
        entries.push(Entry { lsn, time, payload });
    }
    if entries.last().is_none_or(|entry| entry.lsn != last) {
        return Err(format!("ends before position {last}"));
    }
    Ok(entries)
}

fn checksum(lsn: u64, time: i64, payload: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&lsn.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &time.to_le_bytes());
    crc32c::crc32c_append(crc, payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Sealed {
        let mut writer = EntryWriter::default();
        for (lsn, payload) in [(7, "seven"), (8, "")] {
            let (lsn, time) = (Lsn::new(lsn), CommitTime::from_micros(-5));
            writer.push(&Entry {
                lsn,
                time,
                payload: Bytes::from(payload),
            });
        }
        writer.seal()
    }

    /// The bytes of version 1: a change here takes a new version and a reader for this one.
    #[test]
    fn the_bytes_of_version_1_stay_as_they_are() {
        assert_eq!(
            hex::encode(two().bytes),
            "53554d4d4954424b01000000\
             0500000080e3af8f0700000000000000fbffffffffffffff736576656e\
             00000000edcec72e0800000000000000fbffffffffffffff"
        );
    }

    #[test]
    fn entries_read_back_as_they_were() {
        let entries = decode(two().bytes, Lsn::new(7), Lsn::new(8)).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].payload, "seven");
        assert_eq!(entries[1].time.micros(), -5);
    }

    #[test]
    fn any_flipped_byte_and_any_cut_is_found() {
        let sealed = two();
        for at in 0..sealed.bytes.len() {
            let mut bytes = sealed.bytes.to_vec();
            bytes[at] ^= 1;
            // the reserved bytes are the hash's to guard
            let found = decode(bytes.into(), Lsn::new(7), Lsn::new(8)).is_err();
            assert!(found || (10..12).contains(&at), "byte {at}");
            let cut = sealed.bytes.slice(..at);
            assert!(
                decode(cut, Lsn::new(7), Lsn::new(8)).is_err(),
                "cut at {at}"
            );
        }
    }
}
