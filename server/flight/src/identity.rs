//! Who calls. A name is taken on trust: listening on anything but the loopback address
//! without authentication is refused by the binary unless the operator insists.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::limits::USER_BYTES_MAX;

const DEFAULT_USER: &str = "summit";
/// Marks tokens as ours. They hold the name itself, so nothing is kept that could run full.
const TOKEN_PREFIX: &str = "summit.";

/// The user that a call's headers name: basic credentials or a token of ours; `summit`
/// when there are none.
pub(crate) fn user_of(headers: &MetadataMap) -> Result<String, Status> {
    let Some(value) = headers.get("authorization") else {
        return Ok(DEFAULT_USER.to_owned());
    };
    let value = value
        .to_str()
        .map_err(|_| refused("the authorization header is not ASCII"))?;
    let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("basic") {
        let bytes = STANDARD
            .decode(credentials)
            .map_err(|_| refused("the basic credentials are not base64"))?;
        let text =
            String::from_utf8(bytes).map_err(|_| refused("the basic credentials are not UTF-8"))?;
        let Some((user, _)) = text.split_once(':') else {
            return Err(refused(
                "the basic credentials have no colon after the user's name",
            ));
        };
        checked(user)
    } else if scheme.eq_ignore_ascii_case("bearer") {
        let user = credentials
            .strip_prefix(TOKEN_PREFIX)
            .and_then(|encoded| URL_SAFE_NO_PAD.decode(encoded).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| refused("the bearer token is not one that this server gave"))?;
        checked(&user)
    } else {
        Err(refused(
            "the authorization header is neither Basic nor Bearer",
        ))
    }
}

/// The token that stands for a user from here on.
pub(crate) fn token_for(user: &str) -> String {
    format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(user))
}

fn checked(user: &str) -> Result<String, Status> {
    if user.is_empty() {
        return Err(refused("the user's name is empty"));
    }
    if user.len() > USER_BYTES_MAX || user.chars().any(char::is_control) {
        return Err(refused(
            "the user's name is too long or holds control characters",
        ));
    }
    Ok(user.to_owned())
}

fn refused(what: &str) -> Status {
    Status::unauthenticated(format!(
        "{what}\nHINT: call Handshake with basic credentials (pyarrow: authenticate_basic_token) \
         and send the token it gives, or send no authorization header to be user {DEFAULT_USER}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> MetadataMap {
        let mut headers = MetadataMap::new();
        headers.insert("authorization", value.parse().unwrap());
        headers
    }

    #[test]
    fn a_call_without_credentials_is_the_default_user() {
        assert_eq!(user_of(&MetadataMap::new()).unwrap(), "summit");
    }

    #[test]
    fn a_token_gives_back_the_name_it_was_made_for() {
        let basic = format!("Basic {}", STANDARD.encode("änne:pass:word"));
        let user = user_of(&headers(&basic)).unwrap();
        assert_eq!(user, "änne");
        assert_eq!(
            user_of(&headers(&format!("Bearer {}", token_for(&user)))).unwrap(),
            "änne"
        );
    }

    #[test]
    fn half_filled_credentials_are_refused_with_a_way_out() {
        for value in [
            "Basic",
            "Basic %%",
            "Bearer x",
            "Digest y",
            "Basic Og==",
            "bearer summit.",
        ] {
            let status = user_of(&headers(value)).unwrap_err();
            assert_eq!(status.code(), tonic::Code::Unauthenticated, "{value}");
            assert!(
                status.message().contains("authenticate_basic_token"),
                "{value}"
            );
        }
    }
}
