//! What to do about a request that failed, in words.

use rollcall_api::v1::{Activity, Directory, Profile};

use crate::pages::directories::profile_name;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advice {
    pub(super) title: String,
    pub(super) text: String,
    /// A page of the directory that helps; empty, none.
    pub(super) link: &'static str,
    pub(super) link_text: &'static str,
}

impl Advice {
    fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into(), link: "", link_text: "" }
    }

    fn at(self, link: &'static str, link_text: &'static str) -> Self {
        Self { link, link_text, ..self }
    }
}

/// Who seems to have sent a request. Nothing depends on it but this advice: what a request means never does.
fn sender(activity: &Activity) -> Option<Profile> {
    let agent = activity.user_agent.to_lowercase();
    let sent = activity.request_body.as_ref().map_or("", |body| body.json.as_str());
    let mark = |text: &str| agent.contains(text);
    if mark("okta") {
        Some(Profile::Okta)
    } else if mark("azure") || mark("entra") || mark("microsoft") || activity.query.contains("aadOptscim") {
        Some(Profile::Entra)
    } else if ["\"Replace\"", "\"Add\"", "\"Remove\"", "\"True\"", "\"False\""]
        .iter()
        .any(|text| sent.contains(text))
    {
        // These spellings are Entra's alone.
        Some(Profile::Entra)
    } else {
        None
    }
}

/// What to do about a request; `None`, nothing: it went well.
pub(super) fn advice(activity: &Activity, directory: &Directory) -> Option<Advice> {
    if activity.status < 400 {
        return None;
    }
    let other = sender(activity).filter(|sender| *sender != directory.profile());
    let profile = profile_name(directory.profile());
    if let (Some(sender), 400..=409) = (other, activity.status)
        && !matches!(activity.status, 401 | 403 | 404)
    {
        let sender = profile_name(sender);
        return Some(
            Advice::new(
                format!("This looks like {sender}, but the directory reads requests as from {profile}"),
                format!("{sender} has habits that the profile “{profile}” takes for mistakes. Switch the directory to {sender}; what is stored stays as it is."),
            )
            .at("settings", "Open the settings"),
        );
    }
    Some(match (activity.status, activity.scim_type.as_str()) {
        (401, _) => Advice::new(
            "The token was not accepted",
            "It is mistyped, expired or revoked, or there was none. Compare its first characters with the live tokens; regenerate it if it is lost, and paste the new one into the identity provider.",
        )
        .at("provisioning", "See the tokens"),
        (403, _) if !directory.scim_enabled => Advice::new(
            "SCIM was off",
            "The directory refuses its identity provider until SCIM is switched on again.",
        )
        .at("provisioning", "Open user provisioning"),
        (403, _) if activity.path.contains("/Groups") && !directory.groups_enabled => Advice::new(
            "The directory takes no groups",
            "Switch groups on in the settings, or take the groups out of what the identity provider pushes.",
        )
        .at("settings", "Open the settings"),
        (403, _) => Advice::new("This is not allowed", "The answer says why. It is the same for every token."),
        (404, _) if activity.method == "GET" => Advice::new(
            "Nothing is there under this id",
            "Identity providers ask this to find out whether somebody is there, and go on. If it comes again and again, the identity provider remembers an id that was deleted: have it import or match its users anew.",
        ),
        (404, _) => Advice::new(
            "Nothing is there under this id",
            "The user or group was deleted here, or never was. Have the identity provider match its users anew, so that it creates what is missing.",
        ),
        (409, "uniqueness") => Advice::new(
            "Somebody else has this name",
            "Another user or group of the directory has the value already, whatever its case. Find it, and change or delete the one that is wrong; the identity provider will link to it when it looks by userName first.",
        )
        .at("users", "Search the users"),
        (409, _) => Advice::new("Another change was faster", "The identity provider may send the request again."),
        (412, _) => Advice::new(
            "It had changed meanwhile",
            "The request asked for a version that is not the current one. The identity provider reads it anew and tries again.",
        ),
        (400, "invalidFilter") => Advice::new(
            "The filter cannot be read",
            "The detail says where. If values without quotes are the trouble, a rule in the settings allows them.",
        )
        .at("settings", "Open the settings"),
        (400, "noTarget") => Advice::new(
            "The path leads to nothing",
            "The request changes an element of a list that is not there. If the identity provider expects that it is created, the rule “Replace creates what is missing” does so.",
        )
        .at("settings", "Open the settings"),
        (400, "invalidValue") if activity.detail.contains("member") => Advice::new(
            "A member is not in the directory",
            "The identity provider pushed a group before its people. Assign them first, or let the rule “Unknown members are skipped” pass them over.",
        )
        .at("settings", "Open the settings"),
        (400, "mutability") => Advice::new(
            "An attribute that cannot be changed",
            "The detail names it. Take it out of the attribute mapping of the identity provider.",
        ),
        (400, _) => Advice::new(
            "The request is not as SCIM has it",
            "The detail names what was wrong and what would be right. In most cases the attribute mapping of the identity provider has to be changed.",
        ),
        (413, _) => Advice::new(
            "The request was too large",
            "The limits of bodies are settings of the server: max-user-body and max-large-body.",
        ),
        (429, _) => Advice::new(
            "Too many requests",
            "The server asked the identity provider to slow down; it tries again by itself.",
        ),
        (500.., _) => Advice::new(
            "The server failed",
            "This is not the identity provider's fault. The log of the server has the cause under the request id.",
        ),
        _ => Advice::new("The request was refused", "The detail says why."),
    })
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::ActivityBody;

    use super::*;

    fn directory(profile: Profile) -> Directory {
        Directory {
            profile: profile.into(),
            scim_enabled: true,
            groups_enabled: true,
            ..Directory::default()
        }
    }

    fn request(status: i32, scim_type: &str) -> Activity {
        Activity {
            status,
            scim_type: scim_type.to_owned(),
            method: "PATCH".to_owned(),
            path: "/scim/v2/Users/1".to_owned(),
            ..Activity::default()
        }
    }

    #[test]
    fn what_went_well_needs_no_advice() {
        assert_eq!(advice(&request(200, ""), &directory(Profile::Okta)), None);
    }

    #[test]
    fn a_profile_that_does_not_fit_the_sender_is_named_with_the_one_that_does() {
        let json = r#"{"Operations":[{"op":"Replace","path":"active","value":"False"}]}"#.to_owned();
        let sent = Some(ActivityBody { json, ..ActivityBody::default() });
        let entra = Activity { request_body: sent, ..request(400, "noTarget") };
        let told = advice(&entra, &directory(Profile::Okta)).unwrap();
        assert!(told.title.contains("Entra") && told.title.contains("Okta"), "{told:?}");
        assert_eq!(told.link, "settings");
        let told = advice(&entra, &directory(Profile::Entra)).unwrap();
        assert!(!told.title.contains("looks like"), "{told:?}");
        let missing = Activity { status: 404, ..entra };
        assert!(!advice(&missing, &directory(Profile::Okta)).unwrap().title.contains("looks like"));
    }

    #[test]
    fn every_error_has_words_that_are_its_own() {
        let all = [
            (401, ""),
            (403, ""),
            (404, ""),
            (409, "uniqueness"),
            (409, ""),
            (412, ""),
            (400, "invalidFilter"),
            (400, "noTarget"),
            (400, "mutability"),
            (400, "invalidSyntax"),
            (413, ""),
            (429, ""),
            (500, ""),
        ];
        let mut titles: Vec<String> = all
            .iter()
            .map(|(status, scim_type)| {
                advice(&request(*status, scim_type), &directory(Profile::Okta)).unwrap().title
            })
            .collect();
        titles.sort_unstable();
        titles.dedup();
        assert_eq!(titles.len(), all.len());
    }

    #[test]
    fn scim_that_is_off_is_said_to_be_the_cause() {
        let off = Directory { scim_enabled: false, ..directory(Profile::Okta) };
        assert_eq!(advice(&request(403, ""), &off).unwrap().title, "SCIM was off");
    }
}
