//! The commit block: what one group commit writes. Version 1, all numbers little-endian.
//!
//! ```text
//! block:  magic "SMWL" | version u16 | flags u16 = 0 | generation u64 | number u64
//!         | synced_upto u64 | body_bytes u32 | crc32c u32 | body | zeros to a multiple of 4 KiB
//! entry:  kind u8 = 1 | group u32 = 1 | term u64 = 1 | index u64 | time i64
//!         | payload_bytes u32 | crc32c u32 | payload
//! ```
//!
//! Blocks are numbered from 1 without a gap through all files of a log. `synced_upto` is the
//! number of the last block that was durable when this one was written. `generation` is the
//! log's own random number plus the file's number: bytes that a reused file still holds from
//! its former life, or that a row brings along, are never taken for a block of this file. A
//! checksum covers what comes before it and the body or payload after it.

use crate::limits::{BLOCK_BYTES_MAX, ENTRY_BYTES_MAX};
use crate::{CommitTime, Lsn};

/// Blocks start and end at multiples of this.
pub(super) const ALIGN: usize = 4096;
/// The bytes before a block's body.
pub(super) const HEADER_BYTES: usize = 40;
/// The bytes before an entry's payload.
pub(super) const ENTRY_HEADER_BYTES: usize = 37;

const MAGIC: [u8; 4] = *b"SMWL";
const VERSION: u16 = 1;
const KIND_ENTRY: u8 = 1;
const GROUP: u32 = 1;
const TERM: u64 = 1;
const CRC_AT: usize = 36;
const ENTRY_CRC_AT: usize = 33;
const BODY_BYTES_MAX: usize = if BLOCK_BYTES_MAX > ENTRY_HEADER_BYTES + ENTRY_BYTES_MAX {
    BLOCK_BYTES_MAX
} else {
    ENTRY_HEADER_BYTES + ENTRY_BYTES_MAX
};

/// What a block's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) generation: u64,
    pub(super) number: u64,
    pub(super) synced_upto: u64,
    body_bytes: usize,
    crc: u32,
}

/// Why bytes are not a block's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAHeader {
    /// Nothing was written here.
    Zeros,
    /// Another magic; true when it can be what a torn write left of ours.
    Magic { torn: bool },
    /// Written by another version.
    Version(u16),
    /// The length is impossible, or the bytes end too soon.
    Length,
}

impl Header {
    /// Reads the header at the start of `bytes`. The checksum is not looked at.
    pub(super) fn parse(bytes: &[u8]) -> Result<Header, NotAHeader> {
        let start = &bytes[..bytes.len().min(HEADER_BYTES)];
        if start.iter().all(|byte| *byte == 0) {
            return Err(NotAHeader::Zeros);
        }
        let magic = &start[..start.len().min(MAGIC.len())];
        if magic != MAGIC {
            let ours = magic.iter().zip(MAGIC).take_while(|(a, b)| *a == b).count();
            let torn = magic[ours..].iter().all(|byte| *byte == 0);
            return Err(NotAHeader::Magic { torn });
        }
        let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(NotAHeader::Length);
        };
        match u16_at(bytes, 4) {
            VERSION => {}
            // what a torn write leaves
            0 => return Err(NotAHeader::Length),
            version => return Err(NotAHeader::Version(version)),
        }
        let body_bytes = u32_at(bytes, 32) as usize;
        if body_bytes > BODY_BYTES_MAX {
            return Err(NotAHeader::Length);
        }
        Ok(Header {
            generation: u64_at(bytes, 8),
            number: u64_at(bytes, 16),
            synced_upto: u64_at(bytes, 24),
            body_bytes,
            crc: u32_at(bytes, CRC_AT),
        })
    }

    /// The bytes of header and body.
    pub(super) fn used_bytes(&self) -> usize {
        HEADER_BYTES + self.body_bytes
    }

    /// The bytes of the block in the file.
    pub(super) fn block_bytes(&self) -> usize {
        self.used_bytes().next_multiple_of(ALIGN)
    }

    /// Whether the checksum of the block that starts `bytes` is right.
    pub(super) fn matches(&self, bytes: &[u8]) -> bool {
        bytes
            .get(..self.used_bytes())
            .is_some_and(|used| checksum(used, CRC_AT) == self.crc)
    }

    /// The entries of the block that starts `bytes`.
    pub(super) fn entries<'a>(&self, bytes: &'a [u8]) -> Entries<'a> {
        self.entries_after(bytes, 0)
    }

    /// The entries of the block that starts `bytes`, without those in the first bytes of its
    /// body.
    pub(super) fn entries_after<'a>(&self, bytes: &'a [u8], body_bytes: usize) -> Entries<'a> {
        Entries {
            rest: bytes
                .get(HEADER_BYTES + body_bytes..self.used_bytes())
                .unwrap_or_default(),
        }
    }
}

/// An entry in a block's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryAt<'a> {
    pub(super) lsn: Lsn,
    pub(super) time: CommitTime,
    pub(super) payload: &'a [u8],
}

/// The entries of a block; ends after the first error.
pub(super) struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<EntryAt<'a>, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.take();
        if entry.is_err() {
            self.rest = &[];
        }
        Some(entry)
    }
}

impl<'a> Entries<'a> {
    fn take(&mut self) -> Result<EntryAt<'a>, &'static str> {
        let Some(header) = self.rest.first_chunk::<ENTRY_HEADER_BYTES>() else {
            return Err("an entry ends too soon");
        };
        if header[0] != KIND_ENTRY || u32_at(header, 1) != GROUP {
            return Err("an entry of an unknown kind or group");
        }
        let payload_bytes = u32_at(header, 29) as usize;
        let Some((entry, rest)) = self
            .rest
            .split_at_checked(ENTRY_HEADER_BYTES + payload_bytes)
        else {
            return Err("an entry ends too soon");
        };
        if checksum(entry, ENTRY_CRC_AT) != u32_at(header, ENTRY_CRC_AT) {
            return Err("the checksum of an entry does not match");
        }
        self.rest = rest;
        Ok(EntryAt {
            lsn: Lsn::new(u64_at(header, 13)),
            time: CommitTime::from_micros(i64::from_le_bytes(array_at(header, 21))),
            payload: &entry[ENTRY_HEADER_BYTES..],
        })
    }
}

/// Builds a block in a buffer that is used again and again.
pub(super) struct BlockBuilder {
    bytes: Vec<u8>,
    first: Option<Lsn>,
}

impl BlockBuilder {
    pub(super) fn new() -> Self {
        let mut builder = BlockBuilder {
            bytes: Vec::new(),
            first: None,
        };
        builder.clear();
        builder
    }

    /// Starts the next block.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        // one huge entry does not keep its memory for ever
        self.bytes.shrink_to(BLOCK_BYTES_MAX + ALIGN);
        self.bytes.resize(HEADER_BYTES, 0);
        self.first = None;
    }

    /// The first entry's position; none in a block without entries.
    pub(super) fn first(&self) -> Option<Lsn> {
        self.first
    }

    /// What the block takes in a file.
    pub(super) fn block_bytes(&self) -> usize {
        self.bytes.len().next_multiple_of(ALIGN)
    }

    /// What the block would take in a file with one more payload of this size.
    pub(super) fn block_bytes_with(&self, payload_bytes: usize) -> usize {
        (self.bytes.len() + ENTRY_HEADER_BYTES + payload_bytes).next_multiple_of(ALIGN)
    }

    /// Adds an entry of at most [`ENTRY_BYTES_MAX`].
    pub(super) fn push(&mut self, lsn: Lsn, time: CommitTime, payload: &[u8]) {
        let payload_bytes = u32::try_from(payload.len()).expect("callers check ENTRY_BYTES_MAX");
        let start = self.bytes.len();
        self.bytes.reserve(ENTRY_HEADER_BYTES + payload.len());
        self.bytes.push(KIND_ENTRY);
        self.bytes.extend_from_slice(&GROUP.to_le_bytes());
        self.bytes.extend_from_slice(&TERM.to_le_bytes());
        self.bytes.extend_from_slice(&lsn.get().to_le_bytes());
        self.bytes.extend_from_slice(&time.micros().to_le_bytes());
        self.bytes.extend_from_slice(&payload_bytes.to_le_bytes());
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(payload);
        let crc = checksum(&self.bytes[start..], ENTRY_CRC_AT);
        let crc_at = start + ENTRY_CRC_AT;
        self.bytes[crc_at..crc_at + 4].copy_from_slice(&crc.to_le_bytes());
        self.first.get_or_insert(lsn);
    }

    /// Completes the block: its bytes, a multiple of [`ALIGN`]. Clear it before the next.
    pub(super) fn finish(&mut self, generation: u64, number: u64, synced_upto: u64) -> &[u8] {
        let body_bytes = u32::try_from(self.bytes.len() - HEADER_BYTES)
            .expect("a block is far smaller than 4 GiB");
        let header = &mut self.bytes[..HEADER_BYTES];
        header[..4].copy_from_slice(&MAGIC);
        header[4..6].copy_from_slice(&VERSION.to_le_bytes());
        header[6..8].copy_from_slice(&0_u16.to_le_bytes());
        header[8..16].copy_from_slice(&generation.to_le_bytes());
        header[16..24].copy_from_slice(&number.to_le_bytes());
        header[24..32].copy_from_slice(&synced_upto.to_le_bytes());
        header[32..36].copy_from_slice(&body_bytes.to_le_bytes());
        header[CRC_AT..].copy_from_slice(&[0; 4]);
        let crc = checksum(&self.bytes, CRC_AT);
        self.bytes[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
        self.bytes.resize(self.block_bytes(), 0);
        &self.bytes
    }
}

/// CRC32C of `bytes` with the four bytes of the checksum itself taken as zero.
fn checksum(bytes: &[u8], crc_at: usize) -> u32 {
    let crc = crc32c::crc32c(&bytes[..crc_at]);
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc32c::crc32c_append(crc, &bytes[crc_at + 4..])
}

/// `N` bytes of a header. Headers are arrays of a known size, so it cannot go past the end.
fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn sample() -> Vec<u8> {
        let mut builder = BlockBuilder::new();
        builder.push(Lsn::new(7), CommitTime::from_micros(-2), b"abc");
        builder.push(Lsn::new(8), CommitTime::from_micros(1_000_000), b"");
        builder.finish(0x1122_3344_5566_7788, 5, 4).to_vec()
    }

    #[test]
    fn the_encoding_of_a_block_is_pinned() {
        let block = sample();
        assert_eq!(block.len(), ALIGN);
        assert_eq!(
            hex(&block[..HEADER_BYTES]),
            "534d574c010000008877665544332211050000000000000004000000000000004d0000003ec16d8c"
        );
        assert_eq!(
            hex(&block[40..80]),
            "010100000001000000000000000700000000000000feffffffffffffff03000000efbb05af616263"
        );
        assert_eq!(
            hex(&block[80..117]),
            "01010000000100000000000000080000000000000040420f0000000000000000009d6a2b53"
        );
        assert!(block[117..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_block_reads_back_as_it_was_written() {
        let block = sample();
        let header = Header::parse(&block).unwrap();
        assert!(header.matches(&block));
        assert_eq!(header.generation, 0x1122_3344_5566_7788);
        assert_eq!((header.number, header.synced_upto), (5, 4));
        assert_eq!(header.block_bytes(), ALIGN);
        let entries: Vec<_> = header.entries(&block).map(Result::unwrap).collect();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].lsn, Lsn::new(7));
        assert_eq!(entries[0].time, CommitTime::from_micros(-2));
        assert_eq!(entries[0].payload, b"abc");
        assert_eq!(entries[1].lsn, Lsn::new(8));
        assert_eq!(entries[1].payload, b"");
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let block = sample();
        for bit in 0..117 * 8 {
            let mut flipped = block.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let noticed = match Header::parse(&flipped) {
                Ok(header) => !header.matches(&flipped),
                Err(_) => true,
            };
            assert!(noticed, "bit {bit}");
        }
    }

    #[test]
    fn bytes_that_end_anywhere_never_panic() {
        let block = sample();
        for end in 0..block.len() {
            if let Ok(header) = Header::parse(&block[..end]) {
                assert_eq!(header.matches(&block[..end]), end >= header.used_bytes());
                for entry in header.entries(&block[..end]) {
                    if entry.is_err() {
                        break;
                    }
                }
            }
        }
    }

    #[test]
    fn another_version_and_another_magic_are_told_from_a_torn_header() {
        let mut block = sample();
        block[4] = 2;
        assert_eq!(Header::parse(&block), Err(NotAHeader::Version(2)));
        block[4] = 0;
        assert_eq!(Header::parse(&block), Err(NotAHeader::Length));
        block[2..].fill(0);
        assert_eq!(Header::parse(&block), Err(NotAHeader::Magic { torn: true }));
        block[0] = b'x';
        assert_eq!(
            Header::parse(&block),
            Err(NotAHeader::Magic { torn: false })
        );
        block.fill(0);
        assert_eq!(Header::parse(&block), Err(NotAHeader::Zeros));
    }
}
