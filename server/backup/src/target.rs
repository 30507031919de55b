//! Where backups are.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::{Path, PathPart};
use object_store::{Error as StoreError, ObjectStore};
use summit_context::Context;
use url::Url;

use crate::limits::REASON_CHARS_MAX;
use crate::{BackupError, S3Settings};

/// The place of a database's backups: `file:///directory` or `s3://bucket/prefix`.
#[derive(Clone)]
pub struct Target {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) context: Context,
    /// Files that must be synced, when they are on this machine.
    pub(crate) local_root: Option<PathBuf>,
    url: String,
    prefix: Path,
    secrets: Vec<String>,
}

impl Target {
    /// The place that a URL names. Touches nothing yet.
    ///
    /// # Errors
    /// [`BackupError::WrongUse`] when the URL is of another kind or carries credentials.
    pub fn open(url: &str, context: Context, s3: &S3Settings) -> Result<Self, BackupError> {
        let parsed = Url::parse(url).map_err(|error| {
            BackupError::wrong_use(
                format!("\"{}\" is not a URL: {error}", without_secrets(url)),
                "write s3://bucket/prefix or file:///directory",
            )
        })?;
        let shown = without_secrets(url);
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(BackupError::wrong_use(
                format!("{shown} has parameters after the path, which are refused"),
                "give credentials and endpoint in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, \
                 AWS_REGION and AWS_ENDPOINT_URL",
            ));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(BackupError::wrong_use(
                format!("{shown} carries credentials, which are refused"),
                "give them in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            ));
        }
        match parsed.scheme() {
            "file" => Self::open_local(&parsed, shown, context),
            "s3" => Self::open_s3(&parsed, shown, context, s3),
            other => Err(BackupError::wrong_use(
                format!("{shown}: backups cannot be kept at {other}://"),
                "write s3://bucket/prefix or file:///directory",
            )),
        }
    }

    /// A place in a store that was made elsewhere; `name` stands for it in messages.
    pub fn in_store(name: &str, store: Arc<dyn ObjectStore>, context: Context) -> Self {
        Target {
            store,
            context,
            local_root: None,
            url: name.to_owned(),
            prefix: Path::default(),
            secrets: Vec::new(),
        }
    }

    /// The URL, safe to show.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn open_local(url: &Url, shown: String, context: Context) -> Result<Self, BackupError> {
        let wrong = || {
            BackupError::wrong_use(
                format!("{shown} does not name a directory of this machine"),
                "write file:///directory, with three slashes",
            )
        };
        let root = url.to_file_path().map_err(|()| wrong())?;
        let prefix = Path::from_absolute_path(&root).map_err(|_| wrong())?;
        if prefix.parts().next().is_none() {
            return Err(wrong());
        }
        Ok(Target {
            store: Arc::new(LocalFileSystem::new()),
            context,
            local_root: Some(root),
            url: shown,
            prefix,
            secrets: Vec::new(),
        })
    }

    fn open_s3(
        url: &Url,
        shown: String,
        context: Context,
        s3: &S3Settings,
    ) -> Result<Self, BackupError> {
        let secrets = s3.secrets();
        let bucket = url
            .host_str()
            .filter(|bucket| !bucket.is_empty())
            .ok_or_else(|| {
                BackupError::wrong_use(
                    format!("{shown} names no bucket"),
                    "write s3://bucket/prefix",
                )
            })?;
        let wrong = |what: String| {
            BackupError::wrong_use(
                format!("{shown} cannot be used: {}", redacted(&what, &secrets)),
                "check the bucket's name and the AWS_* variables",
            )
        };
        let store = s3
            .bucket(bucket)
            .map_err(|error| wrong(error.to_string()))?;
        let prefix = Path::from_url_path(url.path()).map_err(|error| wrong(error.to_string()))?;
        Ok(Target {
            store,
            context,
            local_root: None,
            url: shown,
            prefix,
            secrets,
        })
    }

    /// The path of an object below the URL.
    pub(crate) fn path(&self, name: &str) -> Path {
        self.prefix
            .parts()
            .chain(name.split('/').map(PathPart::from))
            .collect()
    }

    /// The name below the URL of an object at a path.
    pub(crate) fn name(&self, path: &Path) -> Option<String> {
        let parts: Vec<String> = path
            .prefix_match(&self.prefix)?
            .map(|part| part.as_ref().to_owned())
            .collect();
        Some(parts.join("/"))
    }

    /// What the store said, as our error.
    pub(crate) fn error(
        &self,
        action: &'static str,
        object: impl Into<String>,
        error: &StoreError,
    ) -> BackupError {
        BackupError::Store {
            action,
            object: object.into(),
            url: self.url.clone(),
            reason: redacted(&error.to_string(), &self.secrets),
            hint: hint_for(error, self.local_root.is_some()),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

fn hint_for(error: &StoreError, local: bool) -> &'static str {
    match (error, local) {
        (StoreError::PermissionDenied { .. }, true) => "check the directory's permissions",
        (_, true) => "check that the directory's disk is there, writable and not full",
        (StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. }, false) => {
            "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY and what they may do"
        }
        (StoreError::NotFound { .. }, false) => "check that the bucket exists",
        (_, false) => {
            "check the bucket, AWS_REGION, AWS_ENDPOINT_URL and the network, then try again"
        }
    }
}

/// A URL without what may be secret in it.
fn without_secrets(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = url.get(..end).unwrap_or_default();
    let (scheme, rest) = url
        .split_once("://")
        .map_or(("", url), |(scheme, rest)| (scheme, rest));
    let host_end = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(host_end).unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let colon = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{colon}{host}{path}")
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect()
}

fn redacted(text: &str, secrets: &[String]) -> String {
    let mut text = text.replace(char::is_control, " ");
    for secret in secrets {
        text = text.replace(secret.as_str(), "***");
    }
    if text.chars().count() > REASON_CHARS_MAX {
        text = text.chars().take(REASON_CHARS_MAX).chain(['…']).collect();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        let error = Target::open(url, Context::system(), &S3Settings::default()).unwrap_err();
        assert_eq!(error.exit_code(), crate::ExitCode::WrongUse);
        assert!(!error.hint().is_empty());
        format!("{error} {error:?}")
    }

    #[test]
    fn credentials_in_a_url_are_refused_and_never_shown() {
        for url in [
            "s3://bucket/p?AWS_SECRET_ACCESS_KEY=hunter2",
            "s3://key:hunter2@bucket/p",
            "s3://hunter2@bucket",
            "s3://bucket/p#hunter2",
            "key:hunter2@bucket?hunter2",
            "ftp://hunter2@bucket/x",
        ] {
            let text = refused(url);
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn other_places_are_refused() {
        for url in [
            "/var/backups",
            "file://relative/dir",
            "gs://bucket/x",
            "s3:///x",
            "file:///",
            "",
        ] {
            refused(url);
        }
    }

    #[test]
    fn what_a_store_says_is_stripped_of_credentials() {
        let secrets = vec!["hunter2".to_owned()];
        assert_eq!(redacted("a hunter2\nb", &secrets), "a *** b");
        assert!(redacted(&"x".repeat(5000), &secrets).len() < 700);
    }

    #[test]
    fn names_and_paths_are_each_other_s_opposite() {
        let target =
            Target::open("file:///a%20b/c", Context::system(), &S3Settings::default()).unwrap();
        let path = target.path("data/x/1.entries");
        assert_eq!(target.name(&path).unwrap(), "data/x/1.entries");
        assert_eq!(target.local_root.unwrap(), PathBuf::from("/a b/c"));
    }
}
