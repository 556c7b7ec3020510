//! What the core does about many resources at once: searches, and bulk requests.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use rollcall_api::error::status;
use rollcall_api::v1::bulk_operation::Operation;
use rollcall_api::v1::bulk_service_server::BulkService;
use rollcall_api::v1::resource::Resource as Kind;
use rollcall_api::v1::search_service_server::SearchService;
use rollcall_api::v1::{
    ApplyBulkRequest, ApplyBulkResponse, BulkOperation, BulkResult, ErrorReason, Resource,
    SearchResourcesRequest, SearchResourcesResponse,
};
use tonic::{Request, Response, Status, Streaming};

use super::groups::scim_group;
use super::{Asked, FakeCore, VERSION, scim_user, user};

/// The operations that the core takes at once.
const MOST_OPERATIONS: usize = 1000;

#[tonic::async_trait]
impl SearchService for FakeCore {
    async fn search_resources(
        &self,
        request: Request<SearchResourcesRequest>,
    ) -> Result<Response<SearchResourcesResponse>, Status> {
        let message = request.get_ref().clone();
        self.admit(request, Asked::Search)?;
        let projection = message.projection.as_ref();
        let resources = [
            Kind::ScimUser(scim_user(&user(), projection)),
            Kind::ScimGroup(scim_group("2", projection)),
            Kind::ScimGroup(scim_group("0", projection)),
        ];
        Ok(Response::new(SearchResourcesResponse {
            resources: resources.map(|resource| Resource { resource: Some(resource) }).into(),
            total_results: 3,
            start_index: message.start_index.unwrap_or_default(),
            next_page_token: if message.start_index.is_none() { "next".to_owned() } else { String::new() },
        }))
    }
}

/// What becomes of an operation: refused ones fail, and so does what is about `none`; what follows `stop` is left undone.
fn result(index: usize, operation: &BulkOperation) -> BulkResult {
    let failed = |reason: ErrorReason, message: &str, location: &str| BulkResult {
        reason: reason.into(),
        message: message.to_owned(),
        location: location.to_owned(),
        ..BulkResult::default()
    };
    let done = |location: &str, version: &str| BulkResult {
        location: location.to_owned(),
        version: version.to_owned(),
        ..BulkResult::default()
    };
    let result = match operation.operation.as_ref().unwrap() {
        Operation::Refused(refused) => failed(refused.reason(), &refused.message, ""),
        Operation::DeleteUser(delete) if delete.id == "none" => {
            failed(ErrorReason::NotFound, "there is no User with the id \"none\"", "/Users/none")
        }
        Operation::CreateUser(create)
            if create.user.as_ref().unwrap().user_name.as_deref() == Some("taken") =>
        {
            failed(ErrorReason::Uniqueness, "userName: another user has it", "")
        }
        Operation::DeleteUser(delete) => done(&format!("/Users/{}", delete.id), ""),
        Operation::DeleteGroup(delete) => done(&format!("/Groups/{}", delete.id), ""),
        Operation::CreateUser(_) | Operation::ReplaceUser(_) | Operation::PatchUser(_) => {
            done("/Users/u1", VERSION)
        }
        Operation::CreateGroup(_) | Operation::ReplaceGroup(_) | Operation::PatchGroup(_) => {
            done("/Groups/g1", VERSION)
        }
    };
    BulkResult { index: i32::try_from(index).unwrap(), ..result }
}

#[tonic::async_trait]
impl BulkService for FakeCore {
    type ApplyBulkStream = BoxStream<'static, Result<ApplyBulkResponse, Status>>;

    async fn apply_bulk(
        &self,
        request: Request<Streaming<ApplyBulkRequest>>,
    ) -> Result<Response<Self::ApplyBulkStream>, Status> {
        let (metadata, _, mut messages) = request.into_parts();
        let mut all = Vec::new();
        let mut operations = Vec::new();
        while let Some(message) = messages.message().await? {
            operations.extend(message.operations.clone());
            all.push(message);
            if operations.len() > MOST_OPERATIONS {
                return Err(status(ErrorReason::TooMany, "more than the 1000 operations allowed in a bulk"));
            }
        }
        let most = usize::try_from(all[0].fail_on_errors).unwrap();
        self.judge(metadata, Asked::Bulk(all))?;
        let mut failed = 0;
        let mut results = Vec::new();
        for (index, operation) in operations.iter().enumerate() {
            if most > 0 && failed == most {
                break;
            }
            let result = result(index, operation);
            failed += usize::from(result.reason != 0);
            results.push(result);
        }
        let messages: Vec<_> =
            results.chunks(2).map(|results| Ok(ApplyBulkResponse { results: results.to_vec() })).collect();
        Ok(Response::new(stream::iter(messages).boxed()))
    }
}
