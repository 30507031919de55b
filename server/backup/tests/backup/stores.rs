//! Stores that misbehave.

use super::*;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use summit_backup::{ConditionalWrites, ExitCode, list, verify};

/// A store in memory that ignores conditions, or refuses writes after some.
#[derive(Debug)]
struct Hostile {
    inner: Arc<InMemory>,
    ignores_conditions: bool,
    puts_left: AtomicUsize,
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hostile")
    }
}

#[async_trait]
impl ObjectStore for Hostile {
    async fn put_opts(
        &self,
        path: &Path,
        payload: PutPayload,
        mut options: PutOptions,
    ) -> object_store::Result<PutResult> {
        let left = self
            .puts_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            });
        if left.is_err() {
            return Err(Error::Generic {
                store: "hostile",
                source: "no more room".into(),
            });
        }
        if self.ignores_conditions {
            options.mode = PutMode::Overwrite;
        }
        self.inner.put_opts(path, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(
        &self,
        paths: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

fn hostile(ignores_conditions: bool, puts: usize) -> (Target, Arc<InMemory>) {
    let inner = Arc::new(InMemory::new());
    let store = Hostile {
        inner: Arc::clone(&inner),
        ignores_conditions,
        puts_left: AtomicUsize::new(puts),
    };
    (
        Target::in_store("memory://test", Arc::new(store), Context::system()),
        inner,
    )
}

async fn names(store: &InMemory) -> Vec<String> {
    use futures::TryStreamExt;
    store
        .list(None)
        .map_ok(|meta| meta.location.to_string())
        .try_collect()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_refused_unless_that_is_allowed() {
    let (target, store) = hostile(true, usize::MAX);
    let log = random_log(40, 20, 100);
    let at = Cut::at(Lsn::new(20));
    let error = create(
        &target,
        Arc::clone(&log) as _,
        Lsn::new(1),
        at,
        options(512),
    )
    .await
    .unwrap_err();
    assert!(matches!(error, BackupError::NoConditionalWrites { .. }));
    assert!(error.to_string().contains("If-None-Match"), "{error}");
    assert_eq!(names(&store).await, [""; 0], "the probe is removed");
    let mut allowed = options(512);
    allowed.conditional_writes = ConditionalWrites::SingleWriter;
    create(&target, Arc::clone(&log) as _, Lsn::new(1), at, allowed)
        .await
        .unwrap();
    let (entries, _) = restored(&target, &Selection::Latest, None).await;
    assert_eq!(entries, log.0);
}

#[tokio::test]
async fn a_backup_that_fails_at_any_write_is_not_listed_and_takes_its_objects_back() {
    let log = random_log(41, 60, 200);
    let at = Cut::at(Lsn::new(60));
    let mut puts = 0;
    loop {
        let (target, store) = hostile(false, puts);
        let made = create(
            &target,
            Arc::clone(&log) as _,
            Lsn::new(1),
            at,
            options(1024),
        )
        .await;
        match made {
            Ok(info) => {
                // twice for the probe, once for the manifest
                assert_eq!(puts, 2 + info.objects + 1);
                verify(&target, &Selection::Latest)
                    .await
                    .unwrap()
                    .result()
                    .unwrap();
                break;
            }
            Err(error) => {
                assert_eq!(error.exit_code(), ExitCode::Failed);
                assert!(error.to_string().contains("no more room"), "{error}");
                assert!(!error.hint().is_empty());
                assert_eq!(list(&target).await.unwrap().backups, []);
                let left = names(&store).await;
                // a manifest whose answer is lost may be there: nothing is taken back then
                let manifest_failed = error.to_string().contains("manifests/");
                let probe_failed = error.to_string().contains("probe/");
                assert!(
                    left.is_empty() || manifest_failed || probe_failed,
                    "{left:?}"
                );
            }
        }
        puts += 1;
        assert!(puts < 100);
    }
}

#[tokio::test]
async fn a_log_with_a_gap_is_not_backed_up() {
    let mut log = MemoryLog(random_log(42, 20, 100).0.clone());
    log.0[9].lsn = Lsn::new(99);
    let (target, store) = hostile(false, usize::MAX);
    let at = Cut::at(Lsn::new(20));
    let error = create(&target, Arc::new(log), Lsn::new(1), at, options(256))
        .await
        .unwrap_err();
    assert!(
        matches!(error, BackupError::SourceGap { expected: 10, .. }),
        "{error}"
    );
    assert_eq!(names(&store).await, [""; 0]);
}
