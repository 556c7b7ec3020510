//! The causes that a failure may have, from its status, its `scimType` and the words of its detail.

use rollcall_api::v1::{Activity, Directory};

use super::Advice;

/// The cause of a failure; `None`, it is none, and nothing was left out either.
pub(super) fn cause(activity: &Activity, directory: &Directory) -> Option<Advice> {
    let says = |words: &str| activity.detail.contains(words);
    Some(match activity.status {
        ..=399 => return skipped(activity),
        400 => bad_request(activity),
        401 => unauthorized(activity),
        403 => forbidden(activity, directory),
        404 => not_found(activity),
        405 => Advice::new(
            "The endpoint has no such method",
            "The detail names those that it has. Compare the URL with the endpoint's; a client that replaces where it should create has the wrong one.",
        )
        .at("provisioning", "See the endpoint"),
        409 => conflict(activity),
        412 => Advice::new(
            "It had changed meanwhile",
            "The request asked for a version that is not the current one. The identity provider reads it anew and tries again.",
        ),
        413 => Advice::new(
            "The request was too large",
            "The limits of bodies are settings of the server: max-user-body and max-large-body. An identity provider that sends a group with all its members can be told to send changes instead.",
        ),
        415 => Advice::new(
            "The body is of another type",
            "SCIM takes application/scim+json or application/json. Set the Content-Type in the client.",
        ),
        429 if says("held") || says("guard rail") => held(activity),
        429 => Advice::new(
            "Too many requests",
            "The server asked the identity provider to slow down, and said when to go on; it tries again by itself. A limit that is too low for a first sync is a setting of the server: max-requests-per-second.",
        ),
        501 => Advice::new(
            "This is not offered",
            "The identity provider asks for a part of SCIM that the server does not have. ServiceProviderConfig says what there is; switch the rest off in the identity provider.",
        )
        .at("provisioning?setup=generic", "See the address"),
        503 => Advice::new(
            "The core or its database was away",
            "The identity provider tries again by itself. If it goes on, look at the health of the server.",
        ),
        500.. => Advice::new(
            "The server failed",
            "This is not the identity provider's fault. The log of the server has the cause under the request id.",
        ),
        _ => Advice::new("The request was refused", "The detail says why."),
    })
}

fn skipped(activity: &Activity) -> Option<Advice> {
    let is_skipped = activity.notes.iter().any(|note| note.contains("skipped"));
    is_skipped.then(|| {
        Advice::new(
            "It went well, but members were skipped",
            "The group names people who are not in the directory. Assign them to the application in the identity provider; when it pushes the group anew, they are members.",
        )
    })
}

fn unauthorized(activity: &Activity) -> Advice {
    let advice = if !activity.token_id.is_empty() {
        Advice::new(
            format!("The token {}… has ended", activity.token_prefix),
            "It is one of this directory's, but expired or revoked. Create a token, or regenerate the live one, and paste it into the identity provider.",
        )
    } else if activity.detail.starts_with("no credential") {
        Advice::new(
            "No token came with the request",
            "The identity provider sent no header Authorization. Paste the token into it, and see that it is sent as a bearer token.",
        )
    } else {
        Advice::new(
            "The token was not accepted",
            "It is mistyped or cut off. Compare its first characters with the live tokens; regenerate it if it is lost, and paste the new one into the identity provider.",
        )
    };
    advice.at("provisioning", "See the tokens")
}

fn forbidden(activity: &Activity, directory: &Directory) -> Advice {
    let says = |words: &str| activity.detail.contains(words);
    if says("SCIM is switched off") {
        let now = if directory.scim_enabled {
            "It has been switched on since: the identity provider may send the request again."
        } else {
            "The directory refuses its identity provider until SCIM is switched on again."
        };
        Advice::new("SCIM was off", now).at("provisioning", "Open user provisioning")
    } else if says("groups are switched off") {
        Advice::new(
            "The directory takes no groups",
            "Switch groups on in the settings, or take the groups out of what the identity provider pushes.",
        )
        .at("settings", "Open the settings")
    } else if says("dry run") {
        Advice::new(
            "This was a dry run",
            "Nothing was done: the detail says what would have been. When you are content with what the identity provider sends, end the dry run in the settings; it then sends everything again.",
        )
        .at("settings", "Open the settings")
    } else if says("rejected this change") {
        let advice = Advice::new(
            "An administrator rejected this change",
            "A guard rail had held it. It is refused until the time that the detail names; a change that is meant goes through after that, or is made by an administrator here.",
        );
        to_hold(activity, advice)
    } else if says("lacks the scope") {
        Advice::new(
            "The credential may not do this",
            "It is a key of a service, or an access token with too few scopes. Identity providers need a SCIM token, or a client with the scope scim.",
        )
        .at("provisioning", "See the tokens")
    } else if activity.scim_type == "sensitive" {
        Advice::new(
            "The filter names something secret",
            "Such a filter must not stand in a URL. Take the attribute out of the matching of the identity provider.",
        )
    } else {
        Advice::new("This is not allowed", "The answer says why. It is the same for every token.")
    }
}

fn not_found(activity: &Activity) -> Advice {
    let path = activity.path.to_lowercase();
    let bases = path.matches("/scim").count();
    if bases > 1 {
        Advice::new(
            "The URL has its path twice",
            format!(
                "The identity provider adds /Users and the like by itself, and was given more than the base URL: it asked for {}. Enter the base URL as it is shown here.",
                activity.path
            ),
        )
        .at("provisioning", "See the base URL")
    } else if bases == 0 || activity.detail.contains("there is nothing here") {
        Advice::new(
            "The URL lacks /scim/v2",
            format!(
                "The identity provider asked for {}, where nothing is. Enter the base URL as it is shown here, its path included.",
                activity.path
            ),
        )
        .at("provisioning", "See the base URL")
    } else if activity.target_id.is_empty() {
        Advice::new(
            "There is no such endpoint",
            "The server has /Users, /Groups, /Bulk, /Me, /Schemas, /ResourceTypes and /ServiceProviderConfig, with capitals as they stand here. A type of resource of the client's own is not one of them.",
        )
        .at("provisioning", "See the base URL")
    } else if activity.method == "GET" {
        Advice::new(
            "Nothing is there under this id",
            "Identity providers ask this to find out whether somebody is there, and go on. If it comes again and again, the identity provider remembers an id that was deleted: have it import or match its users anew.",
        )
    } else {
        Advice::new(
            "What was to be changed is not there",
            "The user or group was deleted here, or never was. Have the identity provider match its users anew, so that it creates what is missing.",
        )
    }
}

fn conflict(activity: &Activity) -> Advice {
    if activity.detail.contains("last active administrator") {
        Advice::new(
            "The last administrator stays",
            "Without this user nobody could administer the application. Make somebody else an administrator first; the identity provider then gets through when it tries again.",
        )
        .at("users", "Search the users")
    } else if activity.detail.contains("inactive user") {
        Advice::new(
            "An inactive user has this name",
            "The detail names its id; the identity provider knows the person under another externalId. If it is the same person, have the identity provider match by userName; if not, rename or delete the inactive user.",
        )
    } else if activity.detail.contains("several users") {
        Advice::new(
            "The names are those of several users",
            "The detail names their ids. Find out which of them returns, and rename or delete the others.",
        )
    } else if activity.scim_type == "uniqueness" {
        Advice::new(
            "Somebody else has this name",
            "Another user or group of the directory has the value already, whatever its case. Change or delete the one that is wrong; an identity provider that looks by userName first links to it instead.",
        )
    } else {
        Advice::new("Another change was faster", "The identity provider may send the request again.")
    }
}

fn held(activity: &Activity) -> Advice {
    to_hold(
        activity,
        Advice::new(
            "A guard rail holds this change",
            "More people would have left than the directory allows at once. Look at who they are: approve if it is meant, and reject if it is a mistake of the identity provider.",
        ),
    )
}

/// Leads to the hold that the detail names.
fn to_hold(activity: &Activity, advice: Advice) -> Advice {
    let hold = activity.detail.split_once("(hold ").and_then(|(_, rest)| rest.split_once(')'));
    match hold {
        Some((id, _)) => advice.at(format!("holds/{id}"), "See the hold"),
        None => advice,
    }
}

fn bad_request(activity: &Activity) -> Advice {
    let says = |words: &str| activity.detail.contains(words);
    match activity.scim_type.as_str() {
        "invalidFilter" => Advice::new(
            "The filter cannot be read",
            "The detail says where. If values without quotes are the trouble, the rule “Filter values without quotes” allows them.",
        )
        .at("settings", "Open the settings"),
        "noTarget" => Advice::new(
            "The path leads to nothing",
            "The request changes an element of a list that is not there. If the identity provider expects that it is created, the rule “Replace creates what is missing” does so.",
        )
        .at("settings", "Open the settings"),
        "invalidPath" if says("urn:") => Advice::new(
            "The schema is not known here",
            "The attribute mapping names an extension that the directory does not have. Register it with “rollcall schema register FILE --directory NAME”, or take the attribute out of the mapping.",
        ),
        "invalidPath" => Advice::new(
            "There is no such attribute",
            "The attribute mapping names one that neither SCIM nor a registered schema has; the detail names it. Correct its spelling, or take it out of the mapping.",
        ),
        "invalidValue" if says("member") => Advice::new(
            "A member is not in the directory",
            "The identity provider pushed a group before its people. Assign them first, or let the rule “Unknown members are skipped” pass them over.",
        )
        .at("settings", "Open the settings"),
        "invalidValue" => Advice::new(
            "A value is not as it must be",
            "The detail names the attribute and what would be right. Change what the identity provider maps to it; a required one, such as userName, must never be empty.",
        ),
        "mutability" => Advice::new(
            "An attribute that cannot be changed",
            "The detail names it. Take it out of the attribute mapping of the identity provider.",
        ),
        "tooMany" => Advice::new(
            "More than the server takes at once",
            "The detail names the limit. Have the identity provider send less in one request, or fewer results in a page.",
        ),
        "invalidSyntax" => Advice::new(
            "The body is no SCIM message",
            "It is no JSON, or has not the form that the endpoint wants; the detail says where. That is a fault of the client, or of something between that changes bodies.",
        ),
        "invalidVers" => Advice::new(
            "Another version of SCIM was asked for",
            "The server speaks SCIM 2.0. Choose that in the identity provider, and enter the base URL as it is shown here.",
        )
        .at("provisioning", "See the base URL"),
        "invalidCursor" | "expiredCursor" | "invalidCount" => Advice::new(
            "The list has to be begun again",
            "The client went on with a page that is too old, or of another search. It asks from the beginning by itself; if not, have it sync anew.",
        ),
        _ => Advice::new(
            "The request is not as SCIM has it",
            "The detail names what was wrong and what would be right. In most cases the attribute mapping of the identity provider has to be changed.",
        ),
    }
}
