use rollcall_api::v1::ActivityBody;

use super::*;

fn directory(profile: Profile) -> Directory {
    Directory { profile: profile.into(), scim_enabled: true, groups_enabled: true, ..Directory::default() }
}

fn request(status: i32, scim_type: &str, detail: &str) -> Activity {
    Activity {
        status,
        scim_type: scim_type.to_owned(),
        detail: detail.to_owned(),
        method: "PATCH".to_owned(),
        path: "/scim/v2/Users/1".to_owned(),
        target_id: "1".to_owned(),
        ..Activity::default()
    }
}

fn told(activity: &Activity) -> Advice {
    advice(activity, &directory(Profile::Okta)).unwrap()
}

#[test]
fn what_went_well_needs_no_advice_unless_something_was_skipped() {
    assert_eq!(advice(&request(200, "", ""), &directory(Profile::Okta)), None);
    let notes = vec!["members: there is no user or group with the id \"x\", which was skipped".to_owned()];
    assert!(told(&Activity { notes, ..request(204, "", "") }).title.contains("members were skipped"));
}

#[test]
fn a_profile_that_does_not_fit_the_sender_is_named_with_the_one_that_does() {
    let json = r#"{"Operations":[{"op":"Replace","path":"active","value":"False"}]}"#.to_owned();
    let sent = Some(ActivityBody { json, ..ActivityBody::default() });
    let entra = Activity { request_body: sent, ..request(400, "noTarget", "") };
    let advised = told(&entra);
    assert!(advised.title.contains("Entra") && advised.title.contains("Okta"), "{advised:?}");
    assert!(advised.text.contains("sent PATCH /scim/v2/Users/1"), "{advised:?}");
    assert!(advised.text.contains("profile is Okta: switch to Microsoft Entra ID"), "{advised:?}");
    assert_eq!(advised.link, "settings");
    let same = advice(&entra, &directory(Profile::Entra)).unwrap();
    assert_eq!(same.title, "The path leads to nothing");
    for status in [401, 403, 404, 409, 429] {
        let other = Activity { status, ..entra.clone() };
        assert!(!told(&other).title.contains("looks like"), "no profile mends {status}");
    }
}

#[test]
fn okta_in_a_directory_of_the_plain_rfc_is_known_by_its_user_agent() {
    let agent = "Okta SCIM Client 1.0.0".to_owned();
    let okta =
        Activity { user_agent: agent, ..request(400, "invalidFilter", "filter: a value needs quotes") };
    let advised = advice(&okta, &directory(Profile::Generic)).unwrap();
    assert!(advised.title.contains("looks like Okta"), "{advised:?}");
    assert!(advised.text.contains("Filter values without quotes"), "the cause is said too: {advised:?}");
}

#[test]
fn every_cause_has_words_that_are_its_own() {
    let hold = "the deletion of the user 1 is held (hold 7) and nothing of it was done: the guard rail 1";
    let all = vec![
        request(401, "", "the bearer token is not valid: send a SCIM token"),
        request(401, "", "no credential: send the SCIM token"),
        Activity { token_id: "7".to_owned(), ..request(401, "", "the bearer token is not valid") },
        request(403, "", "SCIM is switched off for this directory"),
        request(403, "", "groups are switched off for this directory"),
        request(403, "", "dry run: the user would have been created"),
        request(403, "", "an administrator rejected this change (hold 7)"),
        request(403, "", "this credential lacks the scope scim"),
        request(403, "sensitive", "filter: password"),
        request(403, "", ""),
        request(404, "", "there is no User with the id"),
        Activity { method: "GET".to_owned(), ..request(404, "", "there is no User with the id") },
        Activity { path: "/Users".to_owned(), ..request(404, "", "there is nothing here") },
        Activity { path: "/scim/v2/scim/v2/Users".to_owned(), ..request(404, "", "no such endpoint") },
        Activity {
            path: "/scim/v2/People".to_owned(),
            target_id: String::new(),
            ..request(404, "", "no such endpoint")
        },
        request(405, "", "this endpoint has no such method"),
        request(409, "uniqueness", "userName: another user of the directory has it, whatever its case"),
        request(409, "uniqueness", "userName: the inactive user 7 has it, whose externalId is another one"),
        request(409, "uniqueness", "externalId, userName: they are those of several users"),
        request(409, "", "the user 1 is the last active administrator of the application"),
        request(409, "", "the change lost against another one"),
        request(412, "", ""),
        request(413, "", ""),
        request(415, "", ""),
        request(429, "", hold),
        request(429, "", "this directory takes 25 requests a second"),
        request(400, "invalidFilter", ""),
        request(400, "noTarget", ""),
        request(400, "invalidPath", "title.x"),
        request(400, "invalidPath", "urn:example:User:badge"),
        request(400, "invalidValue", "members[0].value: there is no user or group with this id"),
        request(400, "invalidValue", "userName: it is required"),
        request(400, "mutability", ""),
        request(400, "tooMany", ""),
        request(400, "invalidSyntax", ""),
        request(400, "invalidVers", ""),
        request(400, "expiredCursor", ""),
        request(400, "", ""),
        request(500, "", ""),
        request(501, "", ""),
        request(503, "", ""),
    ];
    let mut titles: Vec<String> = all.iter().map(|request| told(request).title).collect();
    titles.sort_unstable();
    let given = titles.len();
    titles.dedup();
    assert_eq!(titles.len(), given, "{titles:#?}");
}

#[test]
fn advice_leads_to_where_it_is_followed() {
    let link = |activity: &Activity| told(activity).link;
    assert_eq!(link(&request(429, "", "it is held (hold 7f) and nothing of it was done")), "holds/7f");
    assert_eq!(link(&request(403, "", "an administrator rejected this change (hold 7f); until")), "holds/7f");
    assert_eq!(link(&request(403, "", "groups are switched off")), "settings");
    assert_eq!(link(&request(401, "", "")), "provisioning");
    let wrong = Activity { path: "/Users".to_owned(), ..request(404, "", "there is nothing here") };
    assert_eq!(link(&wrong), "provisioning");
    assert!(told(&wrong).text.contains("asked for /Users"), "the address that was asked for is said");
}

#[test]
fn scim_that_is_on_again_is_said_to_be_so() {
    let off = request(403, "", "SCIM is switched off for this directory");
    let now_off = Directory { scim_enabled: false, ..directory(Profile::Okta) };
    assert!(advice(&off, &now_off).unwrap().text.contains("until SCIM is switched on"));
    assert!(told(&off).text.contains("switched on since"));
}
