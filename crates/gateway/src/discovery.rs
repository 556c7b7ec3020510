//! What the service supports (RFC 7644 §4).

use http::{Method, StatusCode};
use rollcall_api::v1::{
    ErrorReason, GetServiceProviderConfigRequest, ListResourceTypesRequest, ListResourceTypesResponse,
    ListSchemasRequest, ListSchemasResponse,
};
use rollcall_api::{client, discovery as json};

use crate::answer::Answer;
use crate::call::Call;
use crate::error::Problem;
use crate::list::List;

/// `/ServiceProviderConfig`: also for who has no credential.
pub(crate) async fn service_provider_config(call: &Call<'_>, method: &Method) -> Result<Answer, Problem> {
    require_get(method)?;
    refuse_filter(call)?;
    let request = call.message(GetServiceProviderConfigRequest::default());
    let response =
        call.answered(Box::pin(client::discovery(call.core()).get_service_provider_config(request))).await?;
    let mut config = response.config.ok_or_else(|| {
        tracing::error!(
            request_id = %call.request_id,
            trace_id = call.request_id.trace_id(),
            "the core answered without a configuration"
        );
        Problem::internal(call.request_id)
    })?;
    // A gateway elsewhere may have been told to read less than the core knows of.
    let limit = i64::try_from(call.gateway.max_large_body_bytes).unwrap_or(i64::MAX);
    config.bulk_max_payload_size = config.bulk_max_payload_size.min(limit);
    call.answer(StatusCode::OK, &json::service_provider_config_json(&config, &call.base))
}

/// `/ResourceTypes`.
pub(crate) async fn resource_types(call: &Call<'_>, method: &Method) -> Result<Answer, Problem> {
    require_get(method)?;
    refuse_filter(call)?;
    let types = list_resource_types(call).await?.resource_types;
    let types = types.iter().map(|resource_type| json::resource_type_json(resource_type, &call.base));
    List::whole(types.collect()).into_answer(call.request_id)
}

/// `/ResourceTypes/{name}`.
pub(crate) async fn resource_type(call: &Call<'_>, method: &Method, name: &str) -> Result<Answer, Problem> {
    require_get(method)?;
    let types = list_resource_types(call).await?.resource_types;
    let named = types.iter().find(|resource_type| resource_type.id == name);
    let named = named.ok_or_else(|| {
        let detail = format!("there is no resource type {name:?}; /ResourceTypes lists those that there are");
        Problem::new(ErrorReason::NotFound, detail)
    })?;
    call.answer(StatusCode::OK, &json::resource_type_json(named, &call.base))
}

/// `/Schemas`.
pub(crate) async fn schemas(call: &Call<'_>, method: &Method) -> Result<Answer, Problem> {
    require_get(method)?;
    refuse_filter(call)?;
    let schemas = list_schemas(call).await?.schemas;
    let schemas = schemas.iter().map(|schema| json::schema_json(schema, &call.base));
    List::whole(schemas.collect()).into_answer(call.request_id)
}

/// `/Schemas/{urn}`; the case of a URN does not matter (RFC 7644 §3.10).
pub(crate) async fn schema(call: &Call<'_>, method: &Method, urn: &str) -> Result<Answer, Problem> {
    require_get(method)?;
    let schemas = list_schemas(call).await?.schemas;
    let named = schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn));
    let named = named.ok_or_else(|| {
        let detail = format!("there is no schema {urn:?}; /Schemas lists those that there are");
        Problem::new(ErrorReason::NotFound, detail)
    })?;
    call.answer(StatusCode::OK, &json::schema_json(named, &call.base))
}

async fn list_resource_types(call: &Call<'_>) -> Result<ListResourceTypesResponse, Problem> {
    let request = call.message(ListResourceTypesRequest::default());
    call.answered(Box::pin(client::discovery(call.core()).list_resource_types(request))).await
}

async fn list_schemas(call: &Call<'_>) -> Result<ListSchemasResponse, Problem> {
    let request = call.message(ListSchemasRequest::default());
    call.answered(Box::pin(client::discovery(call.core()).list_schemas(request))).await
}

fn require_get(method: &Method) -> Result<(), Problem> {
    if *method == Method::GET { Ok(()) } else { Err(Problem::method("GET, HEAD")) }
}

/// RFC 7644 §4: a filter here is refused, since an answer without the filter would be taken for one with it.
fn refuse_filter(call: &Call<'_>) -> Result<(), Problem> {
    if call.query()?.filter.is_none() {
        return Ok(());
    }
    Err(Problem::new(ErrorReason::Forbidden, "filter: discovery endpoints cannot be filtered; leave it out"))
}
