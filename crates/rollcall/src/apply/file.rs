//! The file: what it can say.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;
use rollcall_api::v1::{
    self, ActivityRecording, GuardRail, PasswordHandling, Profile, Protocol, ProvisioningEffect, RuleSetting,
    Scope,
};
use rollcall_api::{access, discovery};
use rollcall_scim::{Rule, registration};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, de::Error as _};
use serde_json::Value;
use serde_saphyr::Spanned;

use super::mistake::{self, Mistake};
use crate::cli::guard_rail;
use crate::settings::Invalid;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// What directories are to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DirectoriesFile {
    #[serde(default)]
    pub(super) directories: Vec<Directory>,
    /// The keys for all directories.
    #[serde(default)]
    pub(super) service_keys: Vec<ServiceKey>,
}

/// One directory. What is absent is left as it is, or as a new directory has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Directory {
    pub(super) name: Spanned<String>,
    pub(super) profile: ProfileName,
    pub(super) scim: Option<bool>,
    pub(super) groups: Option<bool>,
    pub(super) dry_run: Option<bool>,
    #[serde(default)]
    pub(super) rules: BTreeMap<RuleName, OnOff>,
    pub(super) password: Option<Password>,
    pub(super) retention_days: Option<i32>,
    pub(super) guard_rail: Option<Rail>,
    pub(super) administrator_role: Option<String>,
    pub(super) provisioning: Option<Provisioning>,
    pub(super) notices: Option<Notices>,
    pub(super) activity: Option<Activity>,
    #[serde(default)]
    pub(super) schemas: Vec<Schema>,
    #[serde(default)]
    pub(super) provisioning_rules: Vec<ProvisioningRule>,
    #[serde(default)]
    pub(super) service_keys: Vec<ServiceKey>,
}

/// Which identity provider a directory talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ProfileName {
    Okta,
    Entra,
    Generic,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Okta => Self::Okta,
            ProfileName::Entra => Self::Entra,
            ProfileName::Generic => Self::Generic,
        }
    }
}

/// What becomes of passwords.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Password {
    Discard,
    Store,
}

impl From<Password> for PasswordHandling {
    fn from(password: Password) -> Self {
        match password {
            Password::Discard => Self::Discard,
            Password::Store => Self::Store,
        }
    }
}

/// Whether first sign-ins create accounts.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Provisioning {
    pub(super) saml: Option<bool>,
    pub(super) oidc: Option<bool>,
    pub(super) jwt: Option<bool>,
    pub(super) ldap: Option<bool>,
}

/// Who is told what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Notices {
    pub(super) on_first_sign_in: Option<bool>,
    pub(super) admin_emails: Option<Vec<String>>,
}

/// What the activity log keeps.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Activity {
    pub(super) recording: Option<Recording>,
    pub(super) days: Option<i32>,
    pub(super) entries: Option<i32>,
    pub(super) redact_personal_data: Option<bool>,
}

/// Which requests it keeps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recording(pub(super) ActivityRecording);

impl Recording {
    const NAMES: [&'static str; 3] = ["all", "failures-and-writes", "off"];

    /// The name of what a directory records.
    pub(super) fn name(recording: ActivityRecording) -> &'static str {
        match recording {
            ActivityRecording::FailuresAndWrites => "failures-and-writes",
            ActivityRecording::Off => "off",
            ActivityRecording::All | ActivityRecording::Unspecified => "all",
        }
    }
}

impl<'de> Deserialize<'de> for Recording {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // `off` is a boolean to those who write YAML 1.1.
        match deserializer.deserialize_any(Word)?.as_str() {
            "all" => Ok(Self(ActivityRecording::All)),
            "failures-and-writes" => Ok(Self(ActivityRecording::FailuresAndWrites)),
            "off" => Ok(Self(ActivityRecording::Off)),
            other => Err(D::Error::unknown_variant(other, &Self::NAMES)),
        }
    }
}

/// A schema that extends users or groups.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Schema {
    #[serde(default)]
    pub(super) resource_type: ResourceType,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(rename = "schema")]
    pub(super) definition: Definition,
}

/// What a schema extends.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ResourceType {
    #[default]
    User,
    Group,
}

impl ResourceType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

/// A schema as RFC 7643 §7 writes one.
#[derive(Debug)]
pub(super) struct Definition(pub(super) v1::Schema);

impl<'de> Deserialize<'de> for Definition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        let schema = registration::read(json).map_err(D::Error::custom)?;
        Ok(Self(discovery::schema(&schema)))
    }
}

/// An exception to what the directory has chosen for a protocol.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ProvisioningRule {
    pub(super) effect: Effect,
    #[serde(default)]
    pub(super) protocols: Vec<ProtocolName>,
    #[serde(default)]
    pub(super) email_domains: Vec<String>,
    #[serde(default)]
    pub(super) groups: Vec<String>,
    #[serde(default)]
    pub(super) attributes: Vec<Attribute>,
    #[serde(default)]
    pub(super) description: String,
}

/// What becomes of a first sign-in that a rule matches.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Effect {
    Allow,
    Refuse,
}

impl From<Effect> for ProvisioningEffect {
    fn from(effect: Effect) -> Self {
        match effect {
            Effect::Allow => Self::Allow,
            Effect::Refuse => Self::Refuse,
        }
    }
}

/// A protocol of sign-ins.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ProtocolName {
    Saml,
    Oidc,
    Jwt,
    Ldap,
}

impl From<ProtocolName> for Protocol {
    fn from(name: ProtocolName) -> Self {
        match name {
            ProtocolName::Saml => Self::Saml,
            ProtocolName::Oidc => Self::Oidc,
            ProtocolName::Jwt => Self::Jwt,
            ProtocolName::Ldap => Self::Ldap,
        }
    }
}

/// An attribute of a sign-in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: String,
}

/// A key of a service, by the hash of its secret.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ServiceKey {
    pub(super) name: String,
    pub(super) scopes: Vec<ScopeName>,
    pub(super) sha256: Spanned<Sha256>,
    pub(super) expires: Option<End>,
}

/// A scope that a key can carry.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScopeName(pub(super) Scope);

impl<'de> Deserialize<'de> for ScopeName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        access::scope_from_name(&name).map(Self).ok_or_else(|| {
            let known = access::KEY_SCOPES.into_iter().filter_map(access::scope_name);
            D::Error::custom(mistake::unknown("scope", &name, &known.collect::<Vec<_>>()))
        })
    }
}

/// The SHA-256 of a secret, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sha256(pub(super) String);

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_hash = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hash {
            return Ok(Self(text));
        }
        // What stands here instead may be the secret itself.
        Err(D::Error::custom(
            "sha256 wants the SHA-256 of the secret as 64 of 0-9 and a-f, and never the secret itself: \
             `printf %s \"$SECRET\" | sha256sum` prints it",
        ))
    }
}

/// When a key ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct End(pub(super) Timestamp);

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| {
            D::Error::custom("expires wants a time with its zone, such as 2027-01-31T00:00:00Z: the file says the same every day")
        })
    }
}

/// A guard rail, as the flag `--guard-rail` has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rail(pub(super) GuardRail);

impl<'de> Deserialize<'de> for Rail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        guard_rail::read(&deserializer.deserialize_any(Word)?).map(Self).map_err(D::Error::custom)
    }
}

/// The name of a rule in which directories differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RuleName(pub(super) Rule);

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Rule::from_name(&name)
            .map(Self)
            .ok_or_else(|| D::Error::custom(mistake::unknown("rule", &name, &Rule::ALL.map(Rule::as_str))))
    }
}

/// What a directory says of such a rule.
#[derive(Debug, Clone, Copy)]
pub(super) struct OnOff(pub(super) RuleSetting);

impl OnOff {
    const NAMES: [&'static str; 3] = ["on", "off", "profile"];
}

impl<'de> Deserialize<'de> for OnOff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Word)?.as_str() {
            "on" => Ok(Self(RuleSetting::On)),
            "off" => Ok(Self(RuleSetting::Off)),
            "profile" => Ok(Self(RuleSetting::Profile)),
            other => Err(D::Error::unknown_variant(other, &Self::NAMES)),
        }
    }
}

/// Reads a word that may be a boolean to whoever wrote it: tools that write YAML 1.1 make `true` of `on`.
struct Word;

impl Visitor<'_> for Word {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word")
    }

    fn visit_bool<E: de::Error>(self, is_on: bool) -> Result<String, E> {
        Ok(if is_on { "on" } else { "off" }.to_owned())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(match text {
            "true" => "on",
            "false" => "off",
            text => text,
        }
        .to_owned())
    }
}

/// Reads a file; `-` is standard input. Errors: it cannot be read, or what is wrong in it, where, and what would be right.
pub(crate) fn read(path: &Path) -> Result<DirectoriesFile, Invalid> {
    let is_input = path.as_os_str() == "-";
    let shown = if is_input { "standard input".into() } else { path.to_string_lossy() };
    let mut text = String::new();
    let reading = if is_input {
        std::io::stdin().take(LONGEST + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
    };
    let length = reading.map_err(|error| Invalid(format!("cannot read {shown}: {error}")))?;
    if length as u64 > LONGEST {
        return Err(Invalid(format!("{shown} is longer than {} MiB", LONGEST >> 20)));
    }
    parse(&text).map_err(|Mistake { line, column, what }| Invalid(format!("{shown}:{line}:{column}: {what}")))
}

pub(super) fn parse(text: &str) -> Result<DirectoriesFile, Mistake> {
    let says_nothing = |line: &str| line.is_empty() || line.starts_with('#') || line.starts_with("---");
    if text.lines().map(str::trim).all(says_nothing) {
        let what = "the file says nothing; one that wants no directories says so: directories: []";
        return Err(Mistake { line: 1, column: 1, what: what.to_owned() });
    }
    let options = serde_saphyr::options! { with_snippet: false };
    let file: DirectoriesFile = serde_saphyr::from_str_with_options(text, options).map_err(Mistake::from)?;
    let mut names = BTreeMap::new();
    for Directory { name, .. } in &file.directories {
        if let Some(first) = names.insert(name.value.as_str(), name.referenced.line()) {
            return Err(Mistake::at(
                name,
                format!("the directory {:?} is in line {first} already", name.value),
            ));
        }
    }
    let of_directories = file.directories.iter().flat_map(|directory| &directory.service_keys);
    let mut hashes = BTreeMap::new();
    for ServiceKey { sha256, .. } in of_directories.chain(&file.service_keys) {
        if let Some(first) = hashes.insert(sha256.value.0.as_str(), sha256.referenced.line()) {
            let twice = format!("this sha256 is in line {first} already: each key has a secret of its own");
            return Err(Mistake::at(sha256, twice));
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_says_nothing_is_none() {
        for nothing in ["", "\n", "# to be filled in\n", "---\n"] {
            assert!(refusal(nothing).starts_with("1:1: the file says nothing"), "{nothing:?}");
        }
        assert!(parse("directories: []").is_ok());
    }

    fn refusal(text: &str) -> String {
        let Mistake { line, column, what } =
            parse(text).err().unwrap_or_else(|| panic!("it was taken: {text}"));
        format!("{line}:{column}: {what}")
    }

    const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_file_says_all_that_a_directory_has() {
        let file = parse(&format!(
            "directories:\n\
             - name: acme\n  profile: okta\n  scim: on\n  groups: true\n  dry-run: off\n  password: store\n  retention-days: 90\n  \
               guard-rail: 10,20%,1h\n  administrator-role: admin\n  \
               rules: {{unique-group-names: off, put-keeps-members: true, implied-schemas: profile}}\n  \
               provisioning: {{saml: off, oidc: on}}\n  notices: {{on-first-sign-in: on, admin-emails: [it@example.com]}}\n  \
               activity: {{recording: off, days: 7, entries: 10, redact-personal-data: on}}\n  \
               schemas:\n  - resource-type: group\n    required: true\n    schema: {{id: 'urn:example:badge', attributes: [{{name: number}}]}}\n  \
               provisioning-rules:\n  - {{effect: allow, protocols: [saml], email-domains: [partner.example], attributes: [{{name: a, value: b}}]}}\n  \
               service-keys:\n  - {{name: billing, scopes: [directory.read], sha256: '{HASH}', expires: 2027-01-31T00:00:00Z}}\n\
             service-keys: []\n"
        ))
        .unwrap_or_else(|mistake| panic!("{mistake:?}"));
        let acme = &file.directories[0];
        assert_eq!((acme.name.value.as_str(), acme.profile), ("acme", ProfileName::Okta));
        assert_eq!((acme.scim, acme.groups, acme.dry_run), (Some(true), Some(true), Some(false)));
        let rules: Vec<_> = acme.rules.values().map(|setting| setting.0).collect();
        assert!(rules.contains(&RuleSetting::On) && rules.contains(&RuleSetting::Off));
        assert_eq!(acme.activity.unwrap().recording.unwrap().0, ActivityRecording::Off);
        assert!(acme.guard_rail.unwrap().0.enabled);
        assert_eq!(acme.schemas[0].definition.0.id, "urn:example:badge");
        assert_eq!(acme.service_keys[0].sha256.value.0, HASH);
        assert!(parse("directories: []").unwrap().directories.is_empty());
    }

    #[test]
    fn the_file_that_is_documented_can_be_read() {
        let document = include_str!("../../../../docs/cli.md");
        let (_, rest) = document.split_once("```yaml\ndirectories:").unwrap();
        let (text, _) = rest.split_once("```").unwrap();
        let file = parse(&format!("directories:{text}")).unwrap_or_else(|mistake| panic!("{mistake:?}"));
        let directory = &file.directories[0];
        assert_eq!(super::super::settings::given(directory).len(), 19);
        assert_eq!(
            (directory.schemas.len(), directory.provisioning_rules.len(), directory.service_keys.len()),
            (1, 1, 1)
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_what_would_be_right() {
        let acme = "directories:\n- name: acme\n  profile: okta\n";
        for (text, words) in [
            ("directories:\n- name: acme\n  profil: okta\n", ["3:", "\"profil\"", "\"profile\""]),
            ("directories:\n- name: acme\n  profile: okto\n", ["3:12", "\"okto\"", "\"okta\""]),
            ("directories:\n- profile: okta\n", ["2:", "\"name\"", "missing"]),
            (
                &format!("{acme}  rules: {{unique-groups-names: on}}"),
                ["4:", "unique-groups-names", "\"unique-group-names\""],
            ),
            (&format!("{acme}  rules: {{unique-group-names: perhaps}}"), ["4:", "\"perhaps\"", "profile"]),
            (&format!("{acme}  guard-rail: 10"), ["4:", "10,20%,1h", ""]),
            (&format!("{acme}  retention-days: soon"), ["4:19", "", ""]),
            (&format!("{acme}  schemas:\n  - schema: {{id: x}}"), ["5:", "attributes", ""]),
            (&format!("{acme}- name: acme\n  profile: entra\n"), ["4:9", "line 2", ""]),
            (&format!("{acme}  name: acme\n"), ["4:", "name", "twice"]),
            (
                "service-keys:\n- {name: x, scopes: [directory.reed], sha256: x}",
                ["2:", "directory.reed", "\"directory.read\""],
            ),
            ("service-keys:\n- {name: x, scopes: [], sha256: hunter2}", ["2:", "sha256sum", ""]),
            ("directories: [\n", ["", "", ""]),
        ] {
            let told = refusal(text);
            assert!(words.iter().all(|word| told.contains(word)), "{text}\n{told}");
            assert!(!told.contains("hunter2") && !told.contains('\n'), "{told}");
        }
    }

    #[test]
    fn a_hash_is_of_one_key() {
        let keys = format!(
            "service-keys:\n- {{name: a, scopes: [], sha256: '{HASH}'}}\n- {{name: b, scopes: [], sha256: '{HASH}'}}\n"
        );
        assert!(refusal(&keys).contains("line 2 already"), "{}", refusal(&keys));
    }
}
