//! summit-flight
