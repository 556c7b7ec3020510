//! OAuth 2.0 clients and their access tokens.

use rollcall_api::v1::{
    AddSecretRequest, CreateClientRequest, CredentialKind, DeleteClientRequest, ErrorReason,
    IssueAccessTokenRequest, ListClientsRequest, RevokeSecretRequest, WhoAmIRequest,
};

use crate::house::{Answered as _, DAY, HOUR, House};
use crate::on_both_databases;

fn ask(client: &str, secret: &str) -> IssueAccessTokenRequest {
    IssueAccessTokenRequest {
        client_id: client.to_owned(),
        client_secret: secret.to_owned(),
        scope: String::new(),
    }
}

async fn a_client_gets_access_tokens_that_end_by_themselves_or_with_its_secret(house: &House) {
    let create = CreateClientRequest {
        directory: "default".to_owned(),
        name: "Entra".to_owned(),
        ..Default::default()
    };
    let made = house.admin().oauth().create_client(create).await.answer();
    let client = made.client.unwrap();
    let issue =
        async |secret: &str| house.stranger().oauth().issue_access_token(ask(&client.id, secret)).await;
    let token = issue(&made.client_secret).await.answer().access_token;
    let who = async |token: &str| house.caller(token).identity().who_am_i(WhoAmIRequest {}).await;
    let known = who(&token).await.answer();
    assert_eq!((known.kind(), known.directory.as_str()), (CredentialKind::AccessToken, "default"));
    house.scim(&token).user("ana").await;
    house.clock.pass(25 * HOUR);
    who(&token).await.refused(ErrorReason::CredentialInvalid);
    house.later(2 * DAY).await;
    let add = AddSecretRequest {
        directory: "default".to_owned(),
        client_id: client.id.clone(),
        ..Default::default()
    };
    let second = house.admin().oauth().add_secret(add).await.answer();
    let (of_first, of_second) = (
        issue(&made.client_secret).await.answer().access_token,
        issue(&second.client_secret).await.answer().access_token,
    );
    let secret = client.secrets[0].id.clone();
    let revoke = RevokeSecretRequest { directory: "default".to_owned(), secret };
    house.admin().oauth().revoke_secret(revoke).await.answer();
    issue(&made.client_secret).await.refused(ErrorReason::CredentialInvalid);
    who(&of_first).await.refused(ErrorReason::CredentialInvalid);
    who(&of_second).await.answer();
    issue("rc_client_wrong").await.refused(ErrorReason::CredentialInvalid);
    let delete = DeleteClientRequest { directory: "default".to_owned(), client_id: client.id.clone() };
    house.admin().oauth().delete_client(delete).await.answer();
    who(&of_second).await.refused(ErrorReason::CredentialInvalid);
    let list = ListClientsRequest { directory: "default".to_owned() };
    assert_eq!(house.admin().oauth().list_clients(list).await.answer().clients, Vec::new());
}

on_both_databases![a_client_gets_access_tokens_that_end_by_themselves_or_with_its_secret];
