//! The internal listener: what operators and the authority's own systems ask of the service.
//!
//! An address of its own, never the public one. Everybody says who they are, by a token or a client certificate, and
//! that name is kept with what they change. Subject references are personal data: they come in bodies, never in
//! addresses, which end up in logs.

mod approvals;
mod authentication;
mod body;
mod compromises;
mod document_signers;
mod issuances;
mod offers;
mod operation;
mod status;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use authentication::Actor;

use crate::config::{Operator, Role};
use crate::dual_control::{ControlledOperation, DualControl};
use crate::operations::problem::Problem;
use crate::operations::readiness::Readiness;
use crate::service::Service;
use crate::status::{StatusAction, Whose};
use crate::tenant::Tenant;

/// What the handlers work on.
#[derive(Clone, Debug)]
pub struct Internal {
    /// The service.
    pub service: Arc<Service>,
    /// Whether it can work.
    pub readiness: Arc<Readiness>,
    /// Who comes with a token.
    pub operators: Arc<[Operator]>,
    /// What needs a second one.
    pub dual_control: Arc<DualControl>,
}

impl Internal {
    fn tenant(&self, name: &str) -> Result<&Arc<Tenant>, Problem> {
        self.service
            .tenant(name)
            .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "unknown-tenant"))
    }

    fn needs_second_person(&self, action: StatusAction, whose: &Whose) -> bool {
        let operation = ControlledOperation::of(action, whose);
        self.dual_control.operations.contains(&operation)
    }
}

/// The listener. Without an operator and without client certificates it lets nobody in.
pub fn router(internal: Internal) -> Router {
    let parts = parts();
    let least = |role| from_fn_with_state((internal.clone(), role), authentication::require);
    parts
        .open
        .merge(parts.monitored.route_layer(least(Role::Monitor)))
        .merge(parts.reported.route_layer(least(Role::Records)))
        .merge(parts.operated.route_layer(least(Role::Operator)))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "unknown-endpoint"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed")
        })
        .with_state(internal)
}

/// What it offers, generated from the handlers.
#[must_use]
pub fn openapi() -> OpenApi {
    parts().api
}

/// The endpoints by who may use them.
struct Parts {
    open: Router<Internal>,
    monitored: Router<Internal>,
    reported: Router<Internal>,
    operated: Router<Internal>,
    api: OpenApi,
}

fn parts() -> Parts {
    let (open, open_api) = OpenApiRouter::<Internal>::new()
        .routes(routes!(operation::health))
        .routes(routes!(operation::ready))
        .split_for_parts();
    let (monitored, monitored_api) = OpenApiRouter::<Internal>::new()
        .routes(routes!(operation::metrics))
        .routes(routes!(operation::openapi_document))
        .split_for_parts();
    let (reported, reported_api) = OpenApiRouter::<Internal>::new()
        .routes(routes!(status::record_event))
        .split_for_parts();
    let (operated, mut api) = OpenApiRouter::<Internal>::new()
        .routes(routes!(offers::create, offers::list))
        .routes(routes!(offers::search))
        .routes(routes!(offers::show, offers::cancel))
        .routes(routes!(offers::qr_code))
        .routes(routes!(issuances::search))
        .routes(routes!(issuances::show))
        .routes(routes!(status::change))
        .routes(routes!(status::lists))
        .routes(routes!(document_signers::list))
        .routes(routes!(document_signers::request_use))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::show))
        .routes(routes!(approvals::decide))
        .routes(routes!(compromises::list))
        .routes(routes!(compromises::report, compromises::show))
        .routes(routes!(compromises::offer_reissues))
        .split_for_parts();
    api.merge(open_api);
    api.merge(monitored_api);
    api.merge(reported_api);
    api.info = utoipa::openapi::InfoBuilder::new()
        .title("mdl-issuer, internal listener")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Offers, issuances, status of documents, document signers, approvals, and the state of the service.",
        ))
        .build();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let components = api.components.get_or_insert_default();
    components.add_security_scheme("operator", bearer);
    Parts {
        open,
        monitored,
        reported,
        operated,
        api,
    }
}
