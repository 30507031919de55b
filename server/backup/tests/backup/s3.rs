//! Over a real S3 server: moto, in a process of its own.

use super::*;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use object_store::aws::AmazonS3Builder;
use object_store::{ObjectStore, ObjectStoreExt};
use summit_backup::{ExitCode, PruneOptions, list, prune, verify};

const SECRET: &str = "a-secret-that-must-not-show";

struct Moto {
    child: Child,
    port: u16,
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, installed once below the target directory.
fn program() -> PathBuf {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto-venv");
    let program = venv.join("bin/moto_server");
    if !program.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
        run(Command::new(venv.join("bin/pip")).args(["install", "-q", "moto[server]==5.2.5"]));
    }
    program
}

fn run(command: &mut Command) {
    let output = command.output().expect("python3 is installed");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
}

impl Moto {
    fn start() -> Self {
        let program = program();
        // the port is free when we look; should another process be faster, the child ends
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port();
            let child = Command::new(&program)
                .args(["-H", "127.0.0.1", "-p", &port.to_string()])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut moto = Moto { child, port };
            // polls for readiness: a server that is not ours to change tells in no other way
            for _ in 0..600 {
                if moto.child.try_wait().unwrap().is_some() {
                    break;
                }
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return moto;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        panic!("moto_server does not start");
    }

    fn settings(&self) -> S3Settings {
        S3Settings {
            access_key_id: Some("test".to_owned()),
            secret_access_key: Some(SECRET.to_owned()),
            region: Some("us-east-1".to_owned()),
            endpoint: Some(format!("http://127.0.0.1:{}", self.port)),
            ..S3Settings::default()
        }
    }

    /// Makes a bucket: a plain PUT, which moto takes unsigned.
    async fn make_bucket(&self, bucket: &str) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut socket = tokio::net::TcpStream::connect(("127.0.0.1", self.port))
            .await
            .unwrap();
        let request = format!(
            "PUT /{bucket} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 0\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/s3/aws4_request\r\n\
             Connection: close\r\n\r\n",
            self.port
        );
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn store(&self, bucket: &str) -> impl ObjectStore {
        AmazonS3Builder::new()
            .with_access_key_id("test")
            .with_secret_access_key(SECRET)
            .with_region("us-east-1")
            .with_bucket_name(bucket)
            .with_endpoint(format!("http://127.0.0.1:{}", self.port))
            .with_allow_http(true)
            .build()
            .unwrap()
    }

    fn target(&self, url: &str) -> Target {
        Target::open(url, Context::system(), &self.settings()).unwrap()
    }
}

#[tokio::test]
async fn backups_live_in_a_real_s3_server() {
    let moto = Moto::start();
    moto.make_bucket("backups").await;
    let target = moto.target("s3://backups/team%20a/db");
    assert_eq!(list(&target).await.unwrap().backups, []);

    // a round trip, to a position and to a time
    let log = random_log(50, 400, 400);
    let info = back_up(&target, &log).await;
    assert!(info.objects > 10);
    verify(&target, &Selection::Latest)
        .await
        .unwrap()
        .result()
        .unwrap();
    let (entries, result) = restored(&target, &Selection::Latest, None).await;
    assert_eq!(result.unwrap().backup, info);
    assert_eq!(entries, log.0);
    let to = Some(To::Lsn(Lsn::new(123)));
    assert_eq!(
        restored(&target, &Selection::Latest, to).await.0,
        log.0[..123]
    );
    let time = log.0[200].time;
    let (entries, _) = restored(&target, &Selection::Latest, Some(To::Time(time))).await;
    assert!(entries.len() > 200 && entries.iter().all(|entry| entry.time <= time));

    // another prefix of the bucket is another place
    let other = moto.target("s3://backups/team%20a");
    assert_eq!(list(&other).await.unwrap().backups, []);

    // damage
    let store = moto.store("backups");
    let name = format!("team a/db/data/{}/000004.entries", info.id);
    let path = object_store::path::Path::from(name);
    let good = store.get(&path).await.unwrap().bytes().await.unwrap();
    let mut bytes = good.to_vec();
    bytes[100] ^= 1;
    store.put(&path, bytes.into()).await.unwrap();
    let report = verify(&target, &Selection::Latest).await.unwrap();
    assert_eq!(
        report.damage[0].object,
        format!("data/{}/000004.entries", info.id)
    );
    assert_eq!(report.result().unwrap_err().exit_code(), ExitCode::Damage);
    store.delete(&path).await.unwrap();
    let (_, result) = restored(&target, &Selection::Latest, None).await;
    assert!(result.unwrap_err().to_string().contains("is missing"));
    store.put(&path, good.into()).await.unwrap();

    // prune
    let old = back_up_at(&target, &log, NOW - 30 * DAY).await;
    let now = CommitTime::from_micros(NOW);
    let keep = PruneOptions {
        keep_days: 7,
        now,
        dry_run: false,
    };
    assert_eq!(prune(&target, keep).await.unwrap().backups, [old.id]);
    assert_eq!(list(&target).await.unwrap().backups, [info]);
    verify(&target, &Selection::Latest)
        .await
        .unwrap()
        .result()
        .unwrap();

    // a bucket that is not there
    let missing = moto.target("s3://no-such-bucket/db");
    let at = Cut::at(Lsn::new(1));
    let error = create(&missing, log, Lsn::new(1), at, options(4096))
        .await
        .unwrap_err();
    let text = format!("{error} {error:?} {}", error.hint());
    assert!(
        text.contains("s3://no-such-bucket/db") && text.contains("bucket exists"),
        "{text}"
    );
    assert!(!text.contains(SECRET));
}
