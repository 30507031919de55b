//! summit-http
