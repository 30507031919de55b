//! What other systems have and Summit has not: the error names what to use.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::fault::Fault;
use crate::tokens::{is_word, starts_with};

const USE_STREAM: &str =
    "Use CREATE STREAM and append with INSERT, COPY, a Kafka producer or Arrow Flight.";
const USE_SUBSCRIBE: &str =
    "Every view's changes can be read with SUBSCRIBE, Arrow Flight or a Kafka consumer.";
const USE_REPLACE: &str = "Use DROP MATERIALIZED VIEW and CREATE MATERIALIZED VIEW.";

/// Leading words and what to do.
const FIRST_WORDS: [(&[&str], &str); 29] = [
    (&["CREATE", "SOURCE"], USE_STREAM),
    (&["CREATE", "OR", "REPLACE", "SOURCE"], USE_STREAM),
    (&["CREATE", "SINK"], USE_SUBSCRIBE),
    (&["CREATE", "CONNECTION"], USE_STREAM),
    (&["CREATE", "CONNECTOR"], USE_STREAM),
    (
        &["CREATE", "CLUSTER"],
        "A node runs every view; leave it out.",
    ),
    (
        &["CREATE", "OR", "REPLACE", "STREAM"],
        "Use DROP STREAM and CREATE STREAM.",
    ),
    (
        &["CREATE", "OR", "REPLACE", "TABLE"],
        "Use DROP TABLE and CREATE TABLE.",
    ),
    (&["CREATE", "PUBLICATION"], USE_SUBSCRIBE),
    (&["CREATE", "SUBSCRIPTION"], USE_STREAM),
    (
        &["CREATE", "FUNCTION"],
        "Write the expression in the query or in a view.",
    ),
    (
        &["CREATE", "TRIGGER"],
        "Use CREATE MATERIALIZED VIEW and SUBSCRIBE to it.",
    ),
    (
        &["CREATE", "CONTINUOUS"],
        "Use CREATE MATERIALIZED VIEW: it is kept up to date.",
    ),
    (
        &["CREATE", "LIVE"],
        "Use CREATE MATERIALIZED VIEW: it is kept up to date.",
    ),
    (&["DROP", "SOURCE"], "Use DROP STREAM."),
    (&["DROP", "SINK"], USE_SUBSCRIBE),
    (&["DROP", "CONNECTION"], USE_STREAM),
    (&["SHOW", "SOURCES"], "Use SHOW STREAMS."),
    (
        &["SHOW", "TOPICS"],
        "Use SHOW STREAMS: every stream is a topic.",
    ),
    (&["SHOW", "SINKS"], USE_SUBSCRIBE),
    (&["ALTER", "STREAM"], "Use DROP STREAM and CREATE STREAM."),
    (&["ALTER", "SOURCE"], "Use DROP STREAM and CREATE STREAM."),
    (&["ALTER", "MATERIALIZED", "VIEW"], USE_REPLACE),
    (
        &["REFRESH", "MATERIALIZED", "VIEW"],
        "It needs no refresh: a materialized view is always up to date.",
    ),
    (&["TAIL"], "Use SUBSCRIBE."),
    (&["MOVE"], "Use FETCH and leave out what it gives."),
    (&["DO"], "Send the statements one by one."),
    (&["REINDEX"], "There is nothing to reindex; leave it out."),
    (&["CLUSTER"], "There is nothing to cluster; leave it out."),
];

/// Known by how the statement begins.
pub(crate) fn by_first_words(tokens: &[TokenWithSpan]) -> Option<Fault> {
    let (words, hint) = FIRST_WORDS
        .iter()
        .find(|(words, _)| starts_with(tokens, words))?;
    Some(
        Fault::unsupported(format!("{} is not supported", words.join(" ")), *hint)
            .at(tokens.first()?),
    )
}

/// Known by words within, in a statement that cannot be read as it is.
pub(crate) fn by_pattern(tokens: &[TokenWithSpan]) -> Option<Fault> {
    (0..tokens.len()).find_map(|at| {
        let here = &tokens[at..];
        let is_call = here
            .get(1)
            .is_some_and(|token| token.token == Token::LParen);
        let (message, hint) = if is_word(&here[0], "MATCH_RECOGNIZE") && is_call {
            (
                "MATCH_RECOGNIZE is not supported",
                "Join the stream with itself on a range of time.",
            )
        } else if starts_with(here, &["FOR", "SYSTEM_TIME", "AS", "OF"]) {
            (
                "FOR SYSTEM_TIME AS OF is not supported",
                "Join with the relation itself: its present rows are used.",
            )
        } else if starts_with(here, &["AS", "OF", "LSN"])
            && at > 0
            && !starts_with(tokens, &["SUBSCRIBE"])
        {
            (
                "AS OF LSN is not supported in a query",
                "Use SUBSCRIBE … AS OF LSN n.",
            )
        } else if starts_with(tokens, &["CREATE", "TABLE"])
            && starts_with(here, &["WATERMARK", "FOR"])
        {
            (
                "a table has no watermark",
                "Use CREATE STREAM for events with a time.",
            )
        } else if starts_with(here, &["EMIT", "FINAL"]) {
            ("EMIT FINAL is not supported", "Use EMIT ON WINDOW CLOSE.")
        } else if is_word(&here[0], "DESCRIPTOR") && is_call {
            (
                "DESCRIPTOR is not supported",
                "Name the relation and its column: TUMBLE(s, ts, INTERVAL '1 hour').",
            )
        } else {
            return None;
        };
        Some(Fault::unsupported(message, hint).at(&here[0]))
    })
}
