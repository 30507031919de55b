//! Log entries to bytes and back.
//!
//! Version 1, all integers little-endian, everything at a multiple of 8 bytes so that the
//! columns of a decoded batch are the entry's own bytes:
//!
//! ```text
//! entry        version u8 = 1 · kind u8 · zero [u8; 6] · origin u64 · body
//! body         kind 0, transaction: writes u32 · zero u32 · write*
//!              kind 1, definition: opaque bytes to the end
//!              kind 2, tick: nothing
//!              kind 3, definition and transaction: definition bytes u32 · zero u32 ·
//!              definition, zeros to a multiple of 8 · a transaction's body
//! write        relation u32 · kind u8 · flags u8 · zero u16 · batches u32 · bytes u32 · content
//!              (bytes: of the content)
//! content      kind 0, append (flags 0): batch*
//!              kind 1, table: read_at u64 · deletes batch if flags & 1 · inserts batch if flags & 2
//! batch        partition u32 (0 in a table) · message bytes u32 · body bytes u32 · zero u32 ·
//!              message · body
//! ```
//!
//! Message and body are those of an Arrow IPC record batch, uncompressed. Its schema is not
//! there: it is the relation's.

mod ipc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use summit_log::Lsn;

use crate::limits::ENTRY_PARTS_MAX;
use crate::{
    Body, Entry, PartitionId, RelationId, RelationWrite, StorageError, TableWrite, Transaction,
    WriteKind,
};

pub(crate) use ipc::{check_type, trimmed_column};

const VERSION: u8 = 1;
const TRANSACTION: u8 = 0;
const DEFINITION: u8 = 1;
const TICK: u8 = 2;
const DEFINITION_AND_TRANSACTION: u8 = 3;
const APPEND: u8 = 0;
const TABLE: u8 = 1;
const DELETES: u8 = 1;
const INSERTS: u8 = 2;
const HEADER_BYTES: usize = 16;
const WRITE_HEADER_BYTES: usize = 16;
const BATCH_HEADER_BYTES: usize = 16;

fn invalid(what: &str) -> StorageError {
    StorageError::Invalid(what.to_owned())
}

/// What stands before a write's content.
struct WriteHeader {
    relation: RelationId,
    kind: u8,
    flags: u8,
    batches: usize,
}

impl Entry {
    /// The entry's bytes.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when a column's type is not supported or a part is too large.
    pub fn encode(&self) -> Result<Bytes, StorageError> {
        let mut out = BytesMut::with_capacity(512);
        out.put_u8(VERSION);
        out.put_u8(match &self.body {
            Body::Transaction(_) => TRANSACTION,
            Body::Definition(_) => DEFINITION,
            Body::Tick => TICK,
            Body::DefinitionAndTransaction(..) => DEFINITION_AND_TRANSACTION,
        });
        out.put_bytes(0, 6);
        out.put_u64_le(self.origin);
        match &self.body {
            Body::Transaction(transaction) => encode_transaction(transaction, &mut out)?,
            Body::Definition(definition) => out.put_slice(definition),
            Body::DefinitionAndTransaction(definition, transaction) => {
                out.put_u32_le(length(definition.len())?);
                out.put_u32_le(0);
                out.put_slice(definition);
                out.put_bytes(0, definition.len().next_multiple_of(8) - definition.len());
                encode_transaction(transaction, &mut out)?;
            }
            Body::Tick => {}
        }
        Ok(out.freeze())
    }

    /// The entry in these bytes. `schemas` answers the columns of a relation. Batches share
    /// the memory of `bytes` where its alignment allows.
    ///
    /// # Errors
    /// [`StorageError::NoRelation`] when `schemas` does not know a relation,
    /// [`StorageError::Invalid`] when these are not an entry's bytes. Never panics.
    pub fn decode(
        bytes: &Bytes,
        schemas: &dyn Fn(RelationId) -> Option<SchemaRef>,
    ) -> Result<Entry, StorageError> {
        let (kind, origin) = header(bytes)?;
        let body = match kind {
            TRANSACTION => Body::Transaction(decode_transaction(bytes, schemas)?),
            DEFINITION_AND_TRANSACTION => {
                let (definition, _) = definition_part(bytes)?;
                let transaction = decode_transaction(bytes, schemas)?;
                Body::DefinitionAndTransaction(definition, transaction)
            }
            DEFINITION => Body::Definition(bytes.slice(HEADER_BYTES..)),
            _ if bytes.len() == HEADER_BYTES => Body::Tick,
            _ => return Err(invalid("bytes after a tick")),
        };
        Ok(Entry { origin, body })
    }

    /// Only the origin; `None` when these are not an entry's bytes.
    pub fn origin_of(bytes: &[u8]) -> Option<u64> {
        header(bytes).ok().map(|(_, origin)| origin)
    }

    /// Only the definition's bytes, of an entry that has one: what it defines may be needed to
    /// decode its rows.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when these are not an entry's bytes.
    pub fn definition_of(bytes: &Bytes) -> Result<Option<Bytes>, StorageError> {
        match header(bytes)?.0 {
            DEFINITION => Ok(Some(bytes.slice(HEADER_BYTES..))),
            DEFINITION_AND_TRANSACTION => definition_part(bytes).map(|(part, _)| Some(part)),
            _ => Ok(None),
        }
    }

    /// The relations that an entry writes to, without decoding its rows.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when these are not an entry's bytes.
    pub fn relations_of(bytes: &Bytes) -> Result<Vec<RelationId>, StorageError> {
        if !has_rows(header(bytes)?.0) {
            return Ok(Vec::new());
        }
        sections(bytes)?
            .map(|section| section.map(|(header, _)| header.relation))
            .collect()
    }

    /// Only what an entry writes to one relation; the others may have been dropped since.
    /// `None` when it does not write to it.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] when these are not an entry's bytes.
    pub fn decode_relation(
        bytes: &Bytes,
        relation: RelationId,
        schema: &SchemaRef,
    ) -> Result<Option<WriteKind>, StorageError> {
        if !has_rows(header(bytes)?.0) {
            return Ok(None);
        }
        for section in sections(bytes)? {
            let (header, content) = section?;
            if header.relation == relation {
                return decode_content(&header, content, schema).map(Some);
            }
        }
        Ok(None)
    }
}

fn has_rows(kind: u8) -> bool {
    matches!(kind, TRANSACTION | DEFINITION_AND_TRANSACTION)
}

fn encode_transaction(transaction: &Transaction, out: &mut BytesMut) -> Result<(), StorageError> {
    out.put_u32_le(part_count(transaction.writes.len())?);
    out.put_u32_le(0);
    transaction
        .writes
        .iter()
        .try_for_each(|write| encode_write(write, out))
}

fn decode_transaction(
    bytes: &Bytes,
    schemas: &dyn Fn(RelationId) -> Option<SchemaRef>,
) -> Result<Transaction, StorageError> {
    let mut writes = Vec::new();
    for section in sections(bytes)? {
        let (header, content) = section?;
        let schema = schemas(header.relation).ok_or(StorageError::NoRelation(header.relation))?;
        writes.push(RelationWrite {
            relation: header.relation,
            kind: decode_content(&header, content, &schema)?,
        });
    }
    Ok(Transaction { writes })
}

/// The definition of an entry that has one and rows, and what follows it.
fn definition_part(bytes: &Bytes) -> Result<(Bytes, Bytes), StorageError> {
    let mut rest = bytes.slice(HEADER_BYTES..);
    let definition_bytes = take(&mut rest, 8)?.get_u32_le() as usize;
    let padded = take(&mut rest, definition_bytes.next_multiple_of(8))?;
    Ok((padded.slice(..definition_bytes), rest))
}

fn part_count(count: usize) -> Result<u32, StorageError> {
    if count > ENTRY_PARTS_MAX {
        return Err(StorageError::Invalid(format!(
            "an entry of {count} parts is larger than the limit of {ENTRY_PARTS_MAX} parts"
        )));
    }
    Ok(count as u32)
}

fn length(bytes: usize) -> Result<u32, StorageError> {
    u32::try_from(bytes).map_err(|_| invalid("a part of an entry is larger than 4 GiB"))
}

fn encode_write(write: &RelationWrite, out: &mut BytesMut) -> Result<(), StorageError> {
    let (kind, flags, batches) = match &write.kind {
        WriteKind::Append(parts) => (APPEND, 0, part_count(parts.len())?),
        WriteKind::Table(table) => {
            let (deletes, inserts) = (table.deletes.is_some(), table.inserts.is_some());
            let flags = if deletes { DELETES } else { 0 } | if inserts { INSERTS } else { 0 };
            (TABLE, flags, u32::from(deletes) + u32::from(inserts))
        }
    };
    out.put_u32_le(write.relation.0);
    out.put_u8(kind);
    out.put_u8(flags);
    out.put_u16_le(0);
    out.put_u32_le(batches);
    let length_at = out.len();
    out.put_u32_le(0);
    let start = out.len();
    match &write.kind {
        WriteKind::Append(parts) => {
            for (partition, rows) in parts {
                encode_batch(partition.0, rows, out)?;
            }
        }
        WriteKind::Table(table) => {
            out.put_u64_le(table.read_at.get());
            for rows in [&table.deletes, &table.inserts].into_iter().flatten() {
                encode_batch(0, rows, out)?;
            }
        }
    }
    let content = length(out.len() - start)?;
    out[length_at..length_at + 4].copy_from_slice(&content.to_le_bytes());
    Ok(())
}

fn encode_batch(
    partition: u32,
    rows: &RecordBatch,
    out: &mut BytesMut,
) -> Result<(), StorageError> {
    let encoded = ipc::encode(rows)?;
    out.put_u32_le(partition);
    out.put_u32_le(length(encoded.message.len().next_multiple_of(8))?);
    out.put_u32_le(length(encoded.body.len().next_multiple_of(8))?);
    out.put_u32_le(0);
    for part in [&encoded.message, &encoded.body] {
        out.put_slice(part);
        out.put_bytes(0, part.len().next_multiple_of(8) - part.len());
    }
    Ok(())
}

/// Kind and origin.
fn header(bytes: &[u8]) -> Result<(u8, u64), StorageError> {
    let Some((mut header, _)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Err(invalid("shorter than a header"));
    };
    let version = header.get_u8();
    if version != VERSION {
        return Err(StorageError::Invalid(format!(
            "version {version}, this server reads version {VERSION}"
        )));
    }
    let kind = header.get_u8();
    if kind > DEFINITION_AND_TRANSACTION || header[..6] != [0; 6] {
        return Err(invalid("not a header"));
    }
    header.advance(6);
    Ok((kind, header.get_u64_le()))
}

type Section = (WriteHeader, Bytes);

/// The writes of a transaction, their contents not decoded.
fn sections(
    bytes: &Bytes,
) -> Result<impl Iterator<Item = Result<Section, StorageError>>, StorageError> {
    let mut rest = match header(bytes)?.0 {
        DEFINITION_AND_TRANSACTION => definition_part(bytes)?.1,
        _ => bytes.slice(HEADER_BYTES..),
    };
    let count = take(&mut rest, 8)?.get_u32_le() as usize;
    if count > ENTRY_PARTS_MAX {
        return Err(invalid("too many writes"));
    }
    let mut left = count;
    Ok(std::iter::from_fn(move || {
        if left == 0 {
            // once: what follows the last write is not part of an entry
            return (!std::mem::take(&mut rest).is_empty())
                .then(|| Err(invalid("bytes after the last write")));
        }
        left -= 1;
        let section = next_section(&mut rest);
        if section.is_err() {
            left = 0;
            rest = Bytes::new();
        }
        Some(section)
    }))
}

fn next_section(rest: &mut Bytes) -> Result<Section, StorageError> {
    let mut header = take(rest, WRITE_HEADER_BYTES)?;
    let relation = RelationId(header.get_u32_le());
    let kind = header.get_u8();
    let flags = header.get_u8();
    let zero = header.get_u16_le();
    let batches = header.get_u32_le() as usize;
    let content = header.get_u32_le() as usize;
    let known = match kind {
        APPEND => flags == 0 && batches <= ENTRY_PARTS_MAX,
        TABLE => flags & !(DELETES | INSERTS) == 0 && batches == flags.count_ones() as usize,
        _ => false,
    };
    if !known || zero != 0 {
        return Err(invalid("not a write"));
    }
    Ok((
        WriteHeader {
            relation,
            kind,
            flags,
            batches,
        },
        take(rest, content)?,
    ))
}

fn decode_content(
    header: &WriteHeader,
    mut content: Bytes,
    schema: &SchemaRef,
) -> Result<WriteKind, StorageError> {
    let kind = if header.kind == APPEND {
        let mut parts = Vec::new();
        for _ in 0..header.batches {
            let (partition, rows) = decode_batch(&mut content, schema)?;
            parts.push((PartitionId(partition), rows));
        }
        WriteKind::Append(parts)
    } else {
        let read_at = Lsn::new(take(&mut content, 8)?.get_u64_le());
        let mut rows = |flag: u8| {
            (header.flags & flag != 0)
                .then(|| decode_batch(&mut content, schema).map(|(_, rows)| rows))
                .transpose()
        };
        let deletes = rows(DELETES)?;
        let inserts = rows(INSERTS)?;
        WriteKind::Table(TableWrite {
            read_at,
            deletes,
            inserts,
        })
    };
    if content.is_empty() {
        Ok(kind)
    } else {
        Err(invalid("bytes after the last batch"))
    }
}

fn decode_batch(
    content: &mut Bytes,
    schema: &SchemaRef,
) -> Result<(u32, RecordBatch), StorageError> {
    let mut header = take(content, BATCH_HEADER_BYTES)?;
    let partition = header.get_u32_le();
    let message = header.get_u32_le() as usize;
    let body = header.get_u32_le() as usize;
    let message = take(content, message)?;
    let body = take(content, body)?;
    Ok((partition, ipc::decode(&message, body, schema)?))
}

fn take(rest: &mut Bytes, count: usize) -> Result<Bytes, StorageError> {
    if count > rest.len() {
        return Err(invalid("cut short"));
    }
    Ok(rest.split_to(count))
}
