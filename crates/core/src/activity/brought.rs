//! Secrets that were brought along, in places where no secret belongs: a URL, a header that names somebody's software.
//!
//! They have no form by which they would be known, and of them there are hashes alone. So what has the characters and the
//! length of one is hashed and looked for. UUIDs are not: ids of all sorts have their form, and but for them few requests
//! have anything to look for. Nor are ids of requests, which whoever sends them makes up for the logs.

use std::borrow::Cow;

use rollcall_api::secrets::hide_own_secrets;
use rollcall_api::v1::AnsweredRequest;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::redaction::decoded;
use crate::Core;
use crate::error::Result;
use crate::secret;

/// So many are looked for in one call.
pub(super) const LOOK_UPS: usize = 200;
/// So many characters a secret has at least that is brought along: 128 bits in base64url.
const SHORTEST: usize = 22;

impl Core {
    /// The secrets of ours in the head of a request that are known by their hash alone. When so many have been looked for that
    /// no further ones are, whatever might be one counts as one.
    pub(super) async fn brought_along(
        &self,
        request: &AnsweredRequest,
        look_ups: &mut usize,
    ) -> Result<Vec<SecretString>> {
        let mut secrets = Vec::new();
        for word in suspects(request) {
            let Some(hash) = secret::lookup_hash(word.expose_secret()) else { continue };
            let is_secret = if *look_ups == 0 {
                true
            } else {
                *look_ups -= 1;
                self.store.credential(&hash).await?.is_some()
            };
            if is_secret {
                secrets.push(word);
            }
        }
        Ok(secrets)
    }
}

/// The words in the head of a request that might be secrets, each once.
fn suspects(request: &AnsweredRequest) -> Vec<SecretString> {
    let AnsweredRequest { method, path, query, target_id, user_agent, .. } = request;
    let mut found: Vec<&str> = Vec::new();
    let [path, query, target_id] = [path, query, target_id].map(|text| decoded(text));
    for text in [&*path, &*query, &*target_id, method.as_str(), user_agent.as_str()] {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'));
        for word in words.filter(|word| might_be_secret(word)) {
            if !found.contains(&word) {
                found.push(word);
            }
        }
    }
    found.into_iter().map(SecretString::from).collect()
}

/// Whether a word has the form of a secret that somebody made. Our own ones are hidden in any case.
fn might_be_secret(word: &str) -> bool {
    let is_id = || word.contains('-') && Uuid::try_parse(word).is_ok();
    let is_own = || matches!(hide_own_secrets(word), Cow::Owned(_));
    word.len() >= SHORTEST && !is_id() && !is_own()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::BootstrapSecrets;
    use crate::fixture::Scratch;
    use crate::secret::Secret;

    const ID: &str = "01970000-0000-7000-8000-000000000000";
    const BROUGHT: &str = "0f3a9c71d2e84b5690a1c2d3e4f56789";

    fn words(request: &AnsweredRequest) -> Vec<String> {
        suspects(request).iter().map(|word| word.expose_secret().to_owned()).collect()
    }

    #[test]
    fn what_might_be_a_secret_is_found_wherever_it_stands_in_a_head() {
        let plain = AnsweredRequest {
            method: "GET".to_owned(),
            path: format!("/scim/v2/Users/{ID}"),
            query: "attributes=urn:ietf:params:scim:schemas:core:2.0:User:userName&filter=title%20pr"
                .to_owned(),
            target_id: ID.to_owned(),
            user_agent: "Okta SCIM Client 1.0.0".to_owned(),
            request_id: BROUGHT.to_owned(),
            ..AnsweredRequest::default()
        };
        assert_eq!(words(&plain), [""; 0]);
        let encoded = BROUGHT.replace('0', "%30").replace('9', "%2539");
        for request in [
            AnsweredRequest { method: BROUGHT.to_owned(), ..plain.clone() },
            AnsweredRequest { path: format!("/scim/v2/Users/{BROUGHT}"), ..plain.clone() },
            AnsweredRequest { path: format!("/{encoded}/x"), target_id: encoded.clone(), ..plain.clone() },
            AnsweredRequest { query: format!("count=1&x={BROUGHT}"), ..plain.clone() },
            AnsweredRequest { user_agent: format!("curl/8 ({BROUGHT})"), ..plain.clone() },
        ] {
            assert_eq!(words(&request), [BROUGHT], "{}", request.path);
        }
    }

    #[tokio::test]
    async fn a_secret_is_known_by_its_hash_and_what_cannot_be_looked_for_counts_as_one() {
        let scratch = Scratch::new().await;
        let core = scratch.core();
        let request = AnsweredRequest { path: format!("/{BROUGHT}"), ..AnsweredRequest::default() };
        let mut look_ups = 2;
        assert_eq!(core.brought_along(&request, &mut look_ups).await.unwrap().len(), 0);
        let scim_token = Some(Secret::from_outside(BROUGHT).unwrap());
        let secrets = BootstrapSecrets { scim_token, ..BootstrapSecrets::default() };
        core.first_start(&secrets, false).await.unwrap();
        assert_eq!(core.brought_along(&request, &mut look_ups).await.unwrap().len(), 1);
        let other = AnsweredRequest { path: format!("/x{BROUGHT}"), ..AnsweredRequest::default() };
        assert_eq!(look_ups, 0);
        assert_eq!(core.brought_along(&other, &mut look_ups).await.unwrap().len(), 1);
    }
}
