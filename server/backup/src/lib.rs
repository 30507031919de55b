//! summit-backup
