//! summit-engine
