//! What to do about a request that failed, in words.

mod causes;
#[cfg(test)]
mod tests;

use rollcall_api::v1::{Activity, Directory, Profile};

use crate::pages::directories::profile_name;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advice {
    pub(super) title: String,
    pub(super) text: String,
    /// A page of the directory that helps; empty, none.
    pub(super) link: String,
    pub(super) link_text: &'static str,
}

impl Advice {
    fn new(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { title: title.into(), text: text.into(), link: String::new(), link_text: "" }
    }

    fn at(self, link: impl Into<String>, link_text: &'static str) -> Self {
        Self { link: link.into(), link_text, ..self }
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
    let cause = causes::cause(activity, directory)?;
    let other = sender(activity).filter(|sender| *sender != directory.profile());
    let Some(sender) = other.filter(|_| activity.status == 400) else { return Some(cause) };
    let (sender, profile) = (profile_name(sender), profile_name(directory.profile()));
    let (method, path) = (&activity.method, &activity.path);
    Some(
        Advice::new(
            format!("This looks like {sender}, but the directory's profile is {profile}"),
            format!(
                "{sender} sent {method} {path}; the directory's profile is {profile}: switch to {sender}. What is stored \
                 stays as it is. If the error comes again after that: {}",
                cause.text
            ),
        )
        .at("settings", "Open the settings"),
    )
}
