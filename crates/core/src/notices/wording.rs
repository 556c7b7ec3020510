//! What each notice says.

use jiff::Timestamp;
use rollcall_store::CredentialKind;
use uuid::Uuid;

use super::letter::{Letter, value};
use super::{ExpiringCredential, HeldChanges, Notice, words};

/// The letter of a notice about a directory; `now` is the time in µs.
pub(super) fn letter(notice: &Notice, directory: &str, now: i64) -> Letter {
    match notice {
        Notice::FirstSignIn { user, display, email, protocol } => {
            first_sign_in(*user, display, email, protocol, directory, now)
        }
        Notice::CredentialExpires(credential) => credential_expires(credential, directory),
        Notice::ChangesHeld(changes) => changes_held(*changes, directory, now),
        Notice::Test => test(directory, now),
    }
}

fn first_sign_in(
    user: Uuid,
    display: &str,
    email: &str,
    protocol: &str,
    directory: &str,
    now: i64,
) -> Letter {
    let name = name_of(display, email);
    Letter {
        title: format!("{name} created an account"),
        lead: format!(
            "{name} signed in for the first time. The identity provider had not provisioned this person, and the rules of \
             the directory {directory} let the sign-in create an account."
        ),
        facts: vec![
            ("Name", display.to_owned()),
            ("E-mail", email.to_owned()),
            ("When", time(now)),
            ("Protocol", protocol.to_owned()),
            ("Directory", directory.to_owned()),
            ("User id", user.to_string()),
        ],
        steps: vec![(
            "If you know this person, there is nothing to do. Otherwise look at the account, and end the person's access at \
             the identity provider:"
                .to_owned(),
            Some(format!("rollcall user show {user} --directory {directory}")),
        )],
        reason: format!(
            "You get this because the directory {directory} tells its administrators of first sign-ins. To end it: rollcall \
             directory update {directory} --notify-admins off"
        ),
    }
}

/// What a letter says of a kind of credential: what it is called, what its end means, and what is to be done.
struct Wording {
    what: &'static str,
    consequence: &'static str,
    command: String,
    after: &'static str,
}

fn wording_of(credential: &ExpiringCredential, directory: &str) -> Wording {
    let ExpiringCredential { kind, id, client, prefix, .. } = credential;
    match kind {
        CredentialKind::ClientSecret => Wording {
            what: "client secret",
            consequence: "After that the identity provider gets no access token by it, and nobody is provisioned or deactivated \
                          any more unless it has another one.",
            command: format!(
                "rollcall oauth-client add-secret {} --directory {directory}",
                client.unwrap_or_default()
            ),
            after: "Then give the new secret to the identity provider, in its settings for provisioning.",
        },
        CredentialKind::ServiceKey | CredentialKind::AdminKey => Wording {
            what: "service key",
            consequence: "After that the service that presents it is refused.",
            command: format!("rollcall service-key rotate {id} --overlap 24h"),
            after: "Then give the new key to the service.",
        },
        CredentialKind::ScimToken | CredentialKind::AccessToken => Wording {
            what: "token",
            consequence: "After that the identity provider is refused, and nobody is provisioned or deactivated any more.",
            command: format!("rollcall token rotate --directory {directory} --token {prefix} --overlap 24h"),
            after: "Then give the new token to the identity provider, in its settings for provisioning.",
        },
    }
}

fn credential_expires(credential: &ExpiringCredential, directory: &str) -> Letter {
    let ExpiringCredential { prefix, description, expires, left, is_rotated, .. } = credential;
    let Wording { what, consequence, command, after } = wording_of(credential, directory);
    let description = Some(("Description", description.clone())).filter(|(_, text)| !text.is_empty());
    let facts = [("Begins with", prefix.clone())].into_iter().chain(description);
    let facts = facts.chain([("Expires", time(*expires)), ("Directory", directory.to_owned())]);
    let steps = if *is_rotated {
        vec![(format!("Another {what} has been made in its place. See that it is in use before then."), None)]
    } else {
        vec![
            (format!("Make a new {what} before then. The old one stays valid until it ends:"), Some(command)),
            (after.to_owned(), None),
        ]
    };
    Letter {
        title: format!("A {what} of {directory} expires {}", words::until(*left)),
        lead: consequence.to_owned(),
        facts: facts.collect(),
        steps,
        reason: administrator_of(directory),
    }
}

fn changes_held(changes: HeldChanges, directory: &str, now: i64) -> Letter {
    let HeldChanges { hold, held, left, active_users, rail } = changes;
    let users = |count| words::counted(count, "user");
    Letter {
        title: format!("Changes of {directory} are held"),
        lead: format!(
            "The identity provider wants to deactivate or delete more users than the guard rail of the directory \
             {directory} allows. Nothing past the limit is applied until you decide. What it asks for meanwhile is held \
             with this, without another e-mail."
        ),
        facts: vec![
            ("Held", users(i64::try_from(held).unwrap_or(i64::MAX))),
            ("Left before", users(left)),
            ("Limit", words::limit(rail, active_users)),
            ("When", time(now)),
            ("Directory", directory.to_owned()),
            ("Hold", hold.to_string()),
        ],
        steps: vec![
            (
                "See what is held:".to_owned(),
                Some(format!("rollcall hold show {hold} --directory {directory}")),
            ),
            (
                "If it is right, have it applied:".to_owned(),
                Some(format!("rollcall hold approve {hold} --directory {directory}")),
            ),
            (
                "If it is a mistake, drop it, and correct the assignments at the identity provider:"
                    .to_owned(),
                Some(format!("rollcall hold reject {hold} --directory {directory}")),
            ),
        ],
        reason: administrator_of(directory),
    }
}

fn test(directory: &str, now: i64) -> Letter {
    Letter {
        title: format!("Notices of {directory} arrive"),
        lead: format!(
            "Somebody asked Rollcall to try whether notices to the administrators of the directory {directory} arrive. This \
             one did."
        ),
        facts: vec![("When", time(now)), ("Directory", directory.to_owned())],
        steps: Vec::new(),
        reason: administrator_of(directory),
    }
}

fn name_of(display: &str, email: &str) -> String {
    let names = [display, email].map(value);
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| "Somebody".to_owned())
}

fn administrator_of(directory: &str) -> String {
    format!("You get this as an administrator of the directory {directory}.")
}

fn time(micros: i64) -> String {
    Timestamp::from_microsecond(micros)
        .map(|time| time.strftime("%-d %B %Y, %H:%M UTC").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rollcall_store::GuardRail;

    use super::*;

    const NOW: i64 = 1_795_515_300_000_000;
    const HOUR: i64 = 60 * 60 * 1_000_000;

    fn first_sign_in(display: &str, email: &str) -> Letter {
        let notice = Notice::FirstSignIn {
            user: Uuid::from_u128(7),
            display: display.to_owned(),
            email: email.to_owned(),
            protocol: "SAML",
        };
        letter(&notice, "acme", NOW)
    }

    #[test]
    fn a_first_sign_in_says_who_when_how_and_where() {
        let letter = first_sign_in("Ana Ruiz", "ana@example.com");
        assert_eq!(letter.subject(), "Ana Ruiz created an account");
        let text = letter.text();
        for fact in ["ana@example.com", "SAML", "acme", "24 November 2026, 10:15 UTC", "--notify-admins off"]
        {
            assert!(text.contains(fact), "{fact}: {text}");
            assert!(letter.html().contains(fact), "{fact}: {}", letter.html());
        }
    }

    #[test]
    fn somebody_without_a_name_is_called_by_their_address() {
        assert_eq!(first_sign_in("", "ana@example.com").subject(), "ana@example.com created an account");
        assert_eq!(first_sign_in(" \u{200b} ", "").subject(), "Somebody created an account");
    }

    fn expiring(kind: CredentialKind, left: i64, is_rotated: bool) -> Notice {
        Notice::CredentialExpires(ExpiringCredential {
            kind,
            id: Uuid::from_u128(9),
            client: (kind == CredentialKind::ClientSecret).then_some(Uuid::from_u128(8)),
            prefix: "rc_scim_abc123".to_owned(),
            description: "Okta".to_owned(),
            expires: NOW + left,
            left,
            is_rotated,
        })
    }

    fn held() -> Notice {
        let rail = GuardRail { users: 10, percent: 20, window_seconds: 3600 };
        let hold = Uuid::from_u128(9);
        Notice::ChangesHeld(HeldChanges { hold, held: 1, left: 400, active_users: 2000, rail })
    }

    #[test]
    fn a_rotated_token_says_when_its_overlap_ends() {
        let text = letter(&expiring(CredentialKind::ScimToken, HOUR, true), "acme", NOW).text();
        assert!(text.starts_with("A token of acme expires in 1 hour\n"), "{text}");
        assert!(text.contains("Another token has been made"), "{text}");
        assert!(!text.contains("token rotate"), "{text}");
    }

    #[test]
    fn held_changes_say_who_left_who_is_held_and_how_to_decide() {
        let text = letter(&held(), "acme", NOW).text();
        for line in [
            "  Held         1 user\n",
            "  Left before  400 users\n",
            "  Limit        at most 10 users or 20 % of the active users (400 of 2000), whichever is more, within 1 hour\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }

    /// Every letter there is, one of each kind and one for each kind of credential.
    fn letters() -> Vec<Letter> {
        let kinds = [CredentialKind::ScimToken, CredentialKind::ServiceKey, CredentialKind::ClientSecret];
        let expire = kinds.map(|kind| expiring(kind, 7 * 24 * HOUR, false));
        let rotated = expiring(CredentialKind::ScimToken, HOUR, true);
        let notices = expire.into_iter().chain([rotated, held(), Notice::Test]);
        let letters = notices.map(|notice| letter(&notice, "acme", NOW));
        [first_sign_in("Ana Ruiz", "ana@example.com")].into_iter().chain(letters).collect()
    }

    /// The file is what a reader of the code looks at, and what the test of all commands reads.
    #[test]
    fn the_letters_are_those_of_the_file() {
        let texts: Vec<_> = letters()
            .iter()
            .map(|letter| format!("Subject: {}\n\n{}", letter.subject(), letter.text()))
            .collect();
        let texts = texts.join(&format!("\n{}\n", "=".repeat(80)));
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/notices/letters.txt");
        if std::env::var_os("WRITE_LETTERS").is_some() {
            std::fs::write(file, &texts).unwrap();
        }
        let known = std::fs::read_to_string(file).unwrap();
        assert_eq!(texts, known, "set WRITE_LETTERS=1 to write {file} anew, and read what it says");
    }
}
