//! Files that are not as they were written.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::support::database::{add_orders, contents, make};
use crate::support::pg::{connect, rows, run as run_sql};
use crate::support::process::{Finished, run};
use crate::support::server::{TestServer, command};

/// Blocks of the log start at multiples of this; `server/log/src/wal/block.rs` has the format.
const ALIGN: usize = 4096;
const MAGIC: &[u8] = b"SMWL";

/// A stopped server's directory with something of everything.
async fn stopped_database() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let server = TestServer::start_in(&data_dir);
    make(&connect(&server).await).await;
    server.stop();
    (folder, data_dir)
}

fn last_log_file(data_dir: &Path) -> PathBuf {
    let files = std::fs::read_dir(data_dir.join("wal")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|e| e == "wal"))
        .max()
        .expect("a log file")
}

/// The places where blocks start.
fn blocks(bytes: &[u8]) -> Vec<usize> {
    (0..bytes.len())
        .step_by(ALIGN)
        .filter(|at| bytes[*at..].starts_with(MAGIC))
        .collect()
}

fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn check(data_dir: &Path) -> Finished {
    run(command().arg("check").arg("--data-dir").arg(data_dir))
}

fn start(data_dir: &Path) -> Finished {
    run(command()
        .args([
            "start",
            "--pg-addr",
            "127.0.0.1:0",
            "--flight-addr",
            "127.0.0.1:0",
            "--http-addr",
            "127.0.0.1:0",
        ])
        .args(["--log-format", "text", "--data-dir"])
        .arg(data_dir))
}

#[tokio::test]
async fn a_block_that_was_half_written_is_cut_off_and_nothing_acknowledged_is_lost() {
    let (_folder, data_dir) = stopped_database().await;
    assert!(check(&data_dir).ok().ends_with("no damage\n"));
    let server = TestServer::start_in(&data_dir);
    let client = connect(&server).await;
    let before = contents(&client).await;
    drop(client);
    server.stop();

    // what a crash in the middle of a large write leaves: its first page
    let path = last_log_file(&data_dir);
    let mut bytes = std::fs::read(&path).unwrap();
    let last = *blocks(&bytes).last().unwrap();
    let body = number(&bytes, last + 32);
    let next = (last + 40 + body).next_multiple_of(ALIGN);
    let header = bytes[last..last + 40].to_vec();
    bytes[next..next + 40].copy_from_slice(&header);
    let block_number = u64::from_le_bytes(header[16..24].try_into().unwrap());
    bytes[next + 16..next + 24].copy_from_slice(&(block_number + 1).to_le_bytes());
    bytes[next + 24..next + 32].copy_from_slice(&block_number.to_le_bytes());
    bytes[next + 32..next + 36].copy_from_slice(&20_000u32.to_le_bytes());
    bytes[next + 40..next + ALIGN].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let said = check(&data_dir).ok();
    assert!(said.contains("a half written block at the end"), "{said}");

    let server = TestServer::start_in(&data_dir);
    let client = connect(&server).await;
    assert_eq!(contents(&client).await, before);
    // writing goes on where it was cut
    add_orders(&client, 201, 230).await;
    let after = contents(&client).await;
    server.kill();
    let server = TestServer::start_in(&data_dir);
    assert_eq!(contents(&connect(&server).await).await, after);
    server.stop();
    assert!(check(&data_dir).ok().ends_with("no damage\n"));
}

#[tokio::test]
async fn a_flipped_byte_in_the_middle_is_refused_with_its_file_and_place() {
    let (_folder, data_dir) = stopped_database().await;
    let path = last_log_file(&data_dir);
    let good = std::fs::read(&path).unwrap();
    // blocks with entries: what fills an empty one up to its end means nothing
    let mut blocks = blocks(&good);
    blocks.retain(|at| number(&good, at + 32) > 100);
    assert!(blocks.len() > 10, "{blocks:?}");
    for at in [
        blocks[1] + 60,
        blocks[blocks.len() / 2] + 50,
        blocks[0] + 20,
        blocks[blocks.len() - 2] + 90,
    ] {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        start(&data_dir).failed_with_one_line(1, &[name, "byte"]);
        let found = check(&data_dir);
        assert_eq!(found.code(), 1, "{found:#?}");
        assert!(found.stdout.contains("DAMAGE"), "{found:#?}");
        assert!(found.stdout.contains(name), "{found:#?}");
        // neither changed anything
        assert!(
            std::fs::read(&path).unwrap() == bytes,
            "the damaged file was changed"
        );
    }
    std::fs::write(&path, good).unwrap();
    let server = TestServer::start_in(&data_dir);
    assert_eq!(
        rows(&connect(&server).await, "SELECT count(*) FROM orders").await,
        ["200"]
    );
    server.stop();
}

#[tokio::test]
async fn a_directory_that_lost_its_marker_is_refused() {
    let (_folder, data_dir) = stopped_database().await;
    std::fs::remove_file(data_dir.join("SUMMIT")).unwrap();
    start(&data_dir).failed_with_one_line(1, &["SUMMIT", "--data-dir"]);
}

#[tokio::test]
async fn a_directory_can_be_checked_only_when_it_is_not_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let server = TestServer::start_in(&data_dir);
    run_sql(&connect(&server).await, "CREATE STREAM s (k INT)").await;
    check(&data_dir).failed_with_one_line(1, &[data_dir.to_str().unwrap(), "in use"]);
    server.stop();
    assert!(check(&data_dir).ok().contains("no damage"));
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    check(&empty).failed_with_one_line(1, &[empty.to_str().unwrap(), "--data-dir"]);
}
