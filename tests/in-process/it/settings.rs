//! Settings of directories: what can be set, how it is told, and who reads the audit log.

use prost_types::{Duration, Timestamp};
use rollcall_api::v1::{
    ActivityRecording, ActivitySettings, AdminEmails, AuditRecord, CreateDirectoryRequest,
    DeleteDirectoryRequest, Directory, ErrorReason, EventType, GuardRail, ListAuditRecordsRequest,
    ListDirectoriesRequest, PasswordHandling, Profile, ProvisioningOverride, Scope, UpdateDirectoryRequest,
};
use rollcall_core::Clock as _;

use crate::house::{Answered as _, HOUR, House};
use crate::on_both_databases;

fn new(name: &str) -> CreateDirectoryRequest {
    CreateDirectoryRequest { name: name.to_owned(), profile: Profile::Generic.into(), ..Default::default() }
}

fn change() -> UpdateDirectoryRequest {
    UpdateDirectoryRequest { name: "acme".to_owned(), ..Default::default() }
}

async fn made(house: &House, request: CreateDirectoryRequest) -> Directory {
    house.admin().directories().create_directory(request).await.answer().directory.unwrap()
}

async fn a_directory_is_made_with_the_settings_that_were_asked_for(house: &House) {
    let window = Some(Duration { seconds: 7200, nanos: 0 });
    let asked = CreateDirectoryRequest {
        scim_enabled: Some(false),
        groups_enabled: Some(false),
        password_handling: PasswordHandling::Store.into(),
        notify_admins_on_first_sso_sign_in: Some(true),
        admin_emails: Some(AdminEmails { addresses: vec!["it@example.com".to_owned()] }),
        retention_days: Some(7),
        saml_provisioning: Some(true),
        oidc_provisioning: Some(false),
        jwt_provisioning: Some(true),
        ldap_provisioning: Some(false),
        guard_rail: Some(GuardRail { enabled: true, users: 5, percent: 50, window }),
        dry_run: Some(true),
        administrator_role: Some("chief".to_owned()),
        activity: Some(ActivitySettings {
            recording: ActivityRecording::Off.into(),
            days: Some(3),
            entries: Some(4),
            redact_personal_data: Some(true),
        }),
        ..new("acme")
    };
    let answer = house.admin().directories().create_directory(asked.clone()).await.answer();
    assert!(
        answer.warnings.iter().any(|warning| warning.contains("ROLLCALL_SMTP_URL")),
        "{:?}",
        answer.warnings
    );
    let acme = answer.directory.unwrap();
    assert!(!acme.scim_enabled && !acme.groups_enabled && acme.dry_run);
    assert_eq!((acme.password_handling(), acme.retention_days), (PasswordHandling::Store, 7));
    assert_eq!((acme.guard_rail, acme.activity), (asked.guard_rail, asked.activity));
    assert_eq!(
        (acme.administrator_role.as_str(), &acme.admin_emails),
        ("chief", &vec!["it@example.com".to_owned()])
    );
    assert!(acme.notify_admins_on_first_sso_sign_in && acme.created == acme.last_modified);
    let choices = acme.provisioning.unwrap();
    let on = |choice: Option<rollcall_api::v1::ProvisioningChoice>| choice.unwrap();
    let stored = [choices.saml, choices.oidc, choices.jwt, choices.ldap].map(|choice| on(choice).stored);
    assert_eq!(stored, [true, false, true, false]);
    assert!(on(choices.saml).effective && on(choices.jwt).effective);
    house.clock.pass(HOUR);
    let set = house
        .set(UpdateDirectoryRequest { scim_enabled: Some(true), ldap_provisioning: Some(true), ..change() })
        .await;
    let choices = set.provisioning.unwrap();
    assert_eq!(
        (on(choices.saml).effective, on(choices.saml).overridden_by()),
        (false, ProvisioningOverride::Scim)
    );
    assert!(on(choices.jwt).effective && on(choices.ldap).effective && on(choices.saml).stored);
    assert_eq!(set.last_modified.unwrap().seconds - set.created.unwrap().seconds, 3600);
    let expected = Directory {
        scim_enabled: true,
        provisioning: set.provisioning,
        last_modified: set.last_modified,
        ..acme
    };
    assert_eq!(set, expected);
    house.clock.pass(HOUR);
    assert_eq!(house.set(UpdateDirectoryRequest { dry_run: Some(true), ..change() }).await, set);
    let events = house.told("acme", &set.id).await;
    let changed = vec!["scim".to_owned(), "provisioning".to_owned()];
    assert_eq!((events.len(), &events[1]), (2, &(EventType::DirectoryUpdated, changed)));
}

async fn a_setting_that_is_none_is_refused_and_changes_nothing(house: &House) {
    let before = made(house, new("acme")).await;
    let days = |days| Some(ActivitySettings { days: Some(days), ..Default::default() });
    let entries = |entries| Some(ActivitySettings { entries: Some(entries), ..Default::default() });
    let emails = |address: &str| Some(AdminEmails { addresses: vec![address.to_owned()] });
    for (wrong, naming) in [
        (UpdateDirectoryRequest { retention_days: Some(3651), ..change() }, "retention_days"),
        (UpdateDirectoryRequest { activity: days(-1), ..change() }, "activity.days"),
        (UpdateDirectoryRequest { activity: days(3651), ..change() }, "activity.days"),
        (UpdateDirectoryRequest { activity: entries(10_000_001), ..change() }, "activity.entries"),
        (UpdateDirectoryRequest { admin_emails: emails("nobody"), ..change() }, "admin_emails"),
        (
            UpdateDirectoryRequest { administrator_role: Some(" x".to_owned()), ..change() },
            "administrator_role",
        ),
        (UpdateDirectoryRequest { password_handling: 9, ..change() }, "password_handling"),
    ] {
        let refused = house.admin().directories().update_directory(wrong).await;
        refused.refused(ErrorReason::InvalidValue).naming(&[naming]);
    }
    assert_eq!(house.set(change()).await, before);
    let most = UpdateDirectoryRequest { retention_days: Some(3650), activity: days(3650), ..change() };
    let set = house.set(most).await;
    assert_eq!((set.retention_days, set.activity.unwrap().days), (3650, Some(3650)));
    let most = entries(10_000_000);
    let set = house.set(UpdateDirectoryRequest { activity: most, ..change() }).await;
    assert_eq!(set.activity.unwrap().entries, Some(10_000_000));
    assert_eq!(set.activity.unwrap().days, Some(3650), "what is not named stays");
    let off = Some(GuardRail::default());
    let set = house.set(UpdateDirectoryRequest { guard_rail: off, ..change() }).await;
    assert_eq!(set.guard_rail, off);
    let okta = house.set(UpdateDirectoryRequest { profile: Profile::Okta.into(), ..change() }).await;
    assert_eq!(okta.profile(), Profile::Okta);
    assert!(okta.rules.unwrap().put_keeps_members);
}

async fn directories_are_listed_page_by_page_and_deleted_with_care(house: &House) {
    for name in ["b", "c", "a"] {
        made(house, new(name)).await;
    }
    let list =
        |page_size, page_token: &str| ListDirectoriesRequest { page_size, page_token: page_token.to_owned() };
    let listed = async |request| {
        let answer = house.admin().directories().list_directories(request).await.answer();
        let names = answer.directories.into_iter().map(|directory| directory.name).collect::<Vec<_>>();
        (names.join(" "), answer.next_page_token)
    };
    let (names, token) = listed(list(2, "")).await;
    assert_eq!(
        (names.as_str(), listed(list(2, &token)).await),
        ("a b", ("c default".to_owned(), String::new()))
    );
    let refused = house.admin().directories().list_directories(list(-1, "")).await;
    refused.refused(ErrorReason::InvalidValue);
    house.admin().directories().list_directories(list(1, "No")).await.refused(ErrorReason::InvalidCursor);
    let bound = house.service("c", &[Scope::Admin]).await;
    let own = bound.directories().list_directories(list(0, "")).await.answer();
    assert_eq!((own.directories.len(), own.directories[0].name.as_str()), (1, "c"));
    let delete = |name: &str, confirm: &str| DeleteDirectoryRequest {
        name: name.to_owned(),
        confirm_name: confirm.to_owned(),
    };
    let refused =
        async |request, reason| house.admin().directories().delete_directory(request).await.refused(reason);
    refused(delete("", ""), ErrorReason::InvalidValue).await;
    refused(delete("a", "b"), ErrorReason::InvalidValue).await.naming(&["confirm_name"]);
    refused(delete("none", ""), ErrorReason::NotFound).await;
    refused(delete("No", ""), ErrorReason::NotFound).await;
    bound.directories().delete_directory(delete("c", "c")).await.refused(ErrorReason::Forbidden);
    let token = house.token("b").await;
    house.scim(&token).user("ana").await;
    refused(delete("b", ""), ErrorReason::NotEmpty).await.naming(&["1 user"]);
    house.admin().directories().delete_directory(delete("a", "")).await.answer();
    assert_eq!(listed(list(0, "")).await.0, "b c default");
    house.later(2 * HOUR).await;
    made(house, new("a")).await;
}

async fn audited(house: &House, request: ListAuditRecordsRequest) -> Vec<AuditRecord> {
    house.admin().audit().list_audit_records(request).await.answer().records
}

async fn the_audit_log_is_read_by_directory_actor_time_and_page(house: &House) {
    let acme = made(house, new("acme")).await;
    let key = house.service("acme", &[Scope::Admin]).await;
    house.clock.pass(HOUR);
    let update = UpdateDirectoryRequest { name: String::new(), retention_days: Some(1), ..change() };
    key.directories().update_directory(update).await.answer();
    let of_acme = || ListAuditRecordsRequest { directory: "acme".to_owned(), ..Default::default() };
    let kinds =
        |records: &[AuditRecord]| records.iter().map(|record| record.kind.clone()).collect::<Vec<_>>();
    let all = audited(house, of_acme()).await;
    assert_eq!(kinds(&all), ["directory.updated", "credential.created", "directory.created"]);
    let actor = all[0].actor.clone().unwrap();
    assert_eq!(
        (all[0].directory.as_str(), &all[0].directory_id, actor.name.as_str()),
        ("acme", &acme.id, "a service")
    );
    for name in [actor.credential_id, actor.prefix] {
        let by_actor = audited(house, ListAuditRecordsRequest { actor: name, ..Default::default() }).await;
        assert_eq!(by_actor, all[..1]);
    }
    let middle = Some(Timestamp { seconds: (house.clock.now() - HOUR / 2) / 1_000_000, nanos: 0 });
    assert_eq!(audited(house, ListAuditRecordsRequest { from: middle, ..of_acme() }).await, all[..1]);
    assert_eq!(audited(house, ListAuditRecordsRequest { until: middle, ..of_acme() }).await, all[1..]);
    let paged = |page_token| ListAuditRecordsRequest { page_size: 2, page_token, ..of_acme() };
    let first = house.admin().audit().list_audit_records(paged(String::new())).await.answer();
    assert_eq!(first.records, all[..2]);
    assert_eq!(audited(house, paged(first.next_page_token.clone())).await, all[2..]);
    let other = ListAuditRecordsRequest { from: middle, ..paged(first.next_page_token) };
    house.admin().audit().list_audit_records(other).await.refused(ErrorReason::InvalidCursor);
    let own = key.audit().list_audit_records(ListAuditRecordsRequest::default()).await.answer().records;
    assert_eq!(own, all);
    let foreign = ListAuditRecordsRequest { directory: "default".to_owned(), ..Default::default() };
    key.audit().list_audit_records(foreign).await.refused(ErrorReason::NotFound);
    let nowhere = ListAuditRecordsRequest { directory: "nowhere".to_owned(), ..Default::default() };
    house.admin().audit().list_audit_records(nowhere).await.refused(ErrorReason::NotFound);
    let odd = ListAuditRecordsRequest { actor: "a\0".to_owned(), ..Default::default() };
    house.admin().audit().list_audit_records(odd).await.refused(ErrorReason::InvalidValue);
}

on_both_databases![
    a_directory_is_made_with_the_settings_that_were_asked_for,
    a_setting_that_is_none_is_refused_and_changes_nothing,
    directories_are_listed_page_by_page_and_deleted_with_care,
    the_audit_log_is_read_by_directory_actor_time_and_page,
];
