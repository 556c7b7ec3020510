//! Service keys, which a file names by the hashes of their secrets.

use jiff::Timestamp;
use rollcall_api::access::scope_name;
use rollcall_api::v1::{CreateServiceKeyRequest, RevokeServiceKeyRequest, Scope, ServiceKey as Message};

use super::file::ServiceKey;
use super::plan::{Change, Step, Work};

/// Characters of a hash that are shown.
const SHOWN: usize = 12;

/// What has to be done so that there are these keys for a directory, or for all where its name is empty; with `prune`, the others
/// that were made by a hash are ended. `there` are all that were made so, wherever they are for.
///
/// A key cannot be changed: one that is there otherwise hinders it. One that was revoked, or was rotated and ends sooner, stays so,
/// which is remarked: whoever ended it meant it, and nothing else waits for the file to follow.
pub(super) fn compared(directory: &str, wanted: &[ServiceKey], there: &[Message], prune: bool) -> Work {
    let mut work = Work::default();
    let is_wanted = |key: &Message| wanted.iter().any(|wanted| wanted.sha256.value.0 == key.secret_sha256);
    let ours = there.iter().filter(|key| key.directory == directory && key.revoked.is_none());
    for key in ours.filter(|key| prune && !is_wanted(key)) {
        let change = Change::new(format!("service key {}", key.name), Some(told(key)), None);
        let request = RevokeServiceKeyRequest { service_key: key.id.clone() };
        work.step(change, Step::RevokeKey(request));
    }
    for key in wanted {
        let hash = &key.sha256.value.0;
        let new = Message {
            name: key.name.clone(),
            scopes: key.scopes.iter().map(|scope| scope.0.into()).collect(),
            directory: directory.to_owned(),
            expires: key.expires.map(|end| seconds(end.0)),
            secret_sha256: hash.clone(),
            ..Message::default()
        };
        match there.iter().find(|known| known.secret_sha256 == *hash) {
            Some(known) if known.revoked.is_some() => work.remarks.push(format!(
                "the service key {:?} ({}) was revoked and stays so: give the hash of another secret, or take it out of the file",
                key.name,
                short(hash)
            )),
            Some(known) => {
                let rotated = ends_sooner(known, &new);
                let as_it_is = Message { expires: known.expires, ..new.clone() };
                work.hindrances.extend(otherness(known, if rotated { &as_it_is } else { &new }));
                if rotated {
                    work.remarks.push(format!(
                        "the service key {:?} ({}) ends at {}, sooner than the file has it: give the hash of the secret that follows it",
                        key.name,
                        short(hash),
                        end(known)
                    ));
                }
            }
            None => {
                let change = Change::new(format!("service key {}", key.name), None, Some(told(&new)));
                let request = CreateServiceKeyRequest {
                    name: new.name,
                    scopes: new.scopes,
                    directory: new.directory,
                    expires: new.expires,
                    user: String::new(),
                    secret_sha256: new.secret_sha256,
                };
                work.step(change, Step::CreateKey(request));
            }
        }
    }
    work
}

/// Whether a key that is there ends sooner than it was to, as one does that was rotated.
fn ends_sooner(known: &Message, new: &Message) -> bool {
    let seconds = |key: &Message| key.expires.map_or(i64::MAX, |end| end.seconds);
    seconds(known) < seconds(new)
}

/// Why a key that is there is not what it is to be.
fn otherness(known: &Message, new: &Message) -> Option<String> {
    let place = |directory: &str| {
        if directory.is_empty() { "all directories".to_owned() } else { directory.to_owned() }
    };
    let differences = [
        ("name", known.name.clone(), new.name.clone()),
        ("directory", place(&known.directory), place(&new.directory)),
        ("scopes", scopes(known), scopes(new)),
        ("expires", end(known), end(new)),
    ];
    let (what, is, wanted) = differences.into_iter().find(|(_, is, wanted)| is != wanted)?;
    Some(format!(
        "the service key {:?} ({}) is there with {what} {is}, not {wanted}, and keys do not change: give the hash of another secret",
        known.name,
        short(&known.secret_sha256)
    ))
}

/// The scopes of a key; their order says nothing.
fn scopes(key: &Message) -> String {
    let mut names: Vec<_> =
        key.scopes().filter(|scope| *scope != Scope::Unspecified).filter_map(scope_name).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

fn end(key: &Message) -> String {
    let time = key.expires.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok());
    time.map_or_else(|| "never".to_owned(), |time| time.to_string())
}

fn seconds(time: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: time.as_second(), nanos: 0 }
}

fn told(key: &Message) -> String {
    format!("{}; expires {}; sha256 {}", scopes(key), end(key), short(&key.secret_sha256))
}

fn short(hash: &str) -> String {
    format!("{}…", hash.get(..SHOWN).unwrap_or(hash))
}

#[cfg(test)]
mod tests {
    use super::super::file::parse;
    use super::*;

    fn wanted(fields: &str) -> Vec<ServiceKey> {
        let hash = "a".repeat(64);
        let text = format!("service-keys:\n- {{name: billing, sha256: '{hash}', {fields}}}\n");
        parse(&text).unwrap_or_else(|mistake| panic!("{mistake:?}")).service_keys
    }

    fn there(directory: &str) -> Message {
        Message {
            id: "17".to_owned(),
            name: "billing".to_owned(),
            directory: directory.to_owned(),
            scopes: vec![Scope::EventsRead.into(), Scope::DirectoryRead.into()],
            secret_sha256: "a".repeat(64),
            ..Message::default()
        }
    }

    #[test]
    fn a_key_is_made_once() {
        let wanted = wanted("scopes: [directory.read, events.read]");
        let work = compared("acme", &wanted, &[], true);
        let [Step::CreateKey(request)] = work.steps.as_slice() else { panic!("{work:?}") };
        assert_eq!((request.directory.as_str(), request.secret_sha256.len()), ("acme", 64));
        assert_eq!(
            work.changes[0].after.as_deref(),
            Some("directory.read, events.read; expires never; sha256 aaaaaaaaaaaa…")
        );
        let work = compared("acme", &wanted, &[there("acme")], true);
        assert!(work.steps.is_empty() && work.hindrances.is_empty(), "{work:?}");
    }

    #[test]
    fn a_key_that_was_revoked_or_rotated_stays_so_and_hinders_nothing() {
        let scopes = "scopes: [directory.read, events.read]";
        let revoked = Message { revoked: Some(prost_types::Timestamp::default()), ..there("acme") };
        let rotated = Message {
            expires: Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 }),
            ..there("acme")
        };
        for (there, word) in
            [(revoked, "was revoked and stays so"), (rotated, "ends at 2027-01-15T08:00:00Z")]
        {
            let work = compared("acme", &wanted(scopes), &[there], true);
            assert!(work.steps.is_empty() && work.hindrances.is_empty(), "{work:?}");
            let [why] = work.remarks.as_slice() else { panic!("{work:?}") };
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn a_key_that_is_there_otherwise_hinders() {
        for (fields, there, word) in [
            ("scopes: [admin]", there("acme"), "scopes"),
            ("scopes: [directory.read, events.read]", there(""), "directory all directories, not acme"),
            (
                "scopes: [directory.read, events.read], expires: 2027-01-31T00:00:00Z",
                there("acme"),
                "expires never",
            ),
        ] {
            let work = compared("acme", &wanted(fields), &[there], true);
            let [why] = work.hindrances.as_slice() else { panic!("{work:?}") };
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn only_keys_of_the_place_are_ended_and_only_when_that_is_said() {
        assert!(compared("acme", &[], &[there("acme")], false).steps.is_empty());
        assert!(compared("acme", &[], &[there("")], true).steps.is_empty());
        let work = compared("acme", &[], &[there("acme")], true);
        assert!(matches!(work.steps.as_slice(), [Step::RevokeKey(_)]), "{work:?}");
    }
}
