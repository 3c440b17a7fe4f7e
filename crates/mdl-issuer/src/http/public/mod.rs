//! The public listener: what wallets and readers reach.
//!
//! One file per endpoint; a handler reads, calls one function of the protocol or the engine, and maps one error. Every
//! tenant has the same endpoints below the path of its identifier, and its metadata where the specifications want it
//! ([`WellKnown::paths`]).
//!
//! What is easy to get wrong: `Cache-Control: no-store` belongs on the errors too, `Access-Control-Allow-Origin` only on
//! what anybody may read, and `WWW-Authenticate` on every 401 and 403.

mod access;
mod answer;
mod body;
mod cached;
mod credential;
mod crl;
pub mod documentation;
mod health;
mod iaca;
mod metadata;
mod nonce;
mod notification;
mod offers;
mod state;
mod status_lists;
mod token;

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use axum::routing::{MethodRouter, get, post};
use tower_http::set_header::SetResponseHeaderLayer;

pub use answer::ErrorBody;
pub use documentation::openapi;
pub use health::Readiness;

use crate::openid4vci::endpoint::{Endpoint, WellKnown};
use crate::service::Service;
use crate::tenant::Tenant;
use state::TenantState;

/// Everything that the public listener answers.
///
/// Two tenants with one path cannot both be reached; the first wins and the log says so. Configuration refuses them.
pub fn router(service: &Arc<Service>, readiness: Arc<dyn Readiness>) -> Router {
    let mut routes = Routes::default();
    routes.add("/healthz".to_owned(), get(health::live));
    routes.add(
        "/readyz".to_owned(),
        get(health::ready).with_state(readiness),
    );
    for tenant in &service.tenants {
        add_tenant(&mut routes, service, tenant);
    }
    routes.router
}

/// Routes that were added, so that a path that is added again is noticed before axum panics over it.
#[derive(Default)]
struct Routes {
    router: Router,
    paths: HashSet<String>,
}

impl Routes {
    fn add(&mut self, path: String, methods: MethodRouter) {
        // Braces would be read as parameters; no URL path has them unescaped (RFC 3986, 3.3).
        if self.paths.contains(&path) || !path.starts_with('/') {
            tracing::error!(code = "route-taken", path, "two tenants share a path");
            return;
        }
        let router = std::mem::take(&mut self.router);
        self.router = router.route(&path, methods);
        self.paths.insert(path);
    }
}

fn add_tenant(routes: &mut Routes, service: &Arc<Service>, tenant: &Arc<Tenant>) {
    let path = tenant.path().trim_end_matches('/');
    if path.contains(['{', '}']) {
        tracing::error!(code = "tenant-path", tenant = tenant.name, "no URL path");
        return;
    }
    let state = Arc::new(TenantState::new(service, tenant));
    for (document, methods) in [
        (
            WellKnown::CredentialIssuer,
            get(metadata::credential_issuer),
        ),
        (
            WellKnown::AuthorizationServer,
            get(metadata::authorization_server),
        ),
        (WellKnown::Iacas, get(iaca::json)),
    ] {
        let methods = for_anybody(methods.options(metadata::preflight));
        let mut places = document.paths(path).to_vec();
        places.dedup();
        if path.is_empty() {
            // The appended form is the inserted one.
            places.pop();
        }
        for place in places {
            routes.add(place, methods.clone().with_state(state.clone()));
        }
    }
    let below = |endpoint: Endpoint, rest: &str| format!("{path}{}{rest}", endpoint.suffix());
    for (place, methods) in [
        (below(Endpoint::Token, ""), never_stored(post(token::token))),
        (below(Endpoint::Nonce, ""), never_stored(post(nonce::nonce))),
        (
            below(Endpoint::Credential, ""),
            never_stored(post(credential::credential)),
        ),
        (
            below(Endpoint::Notification, ""),
            never_stored(post(notification::notification)),
        ),
        (
            below(Endpoint::Offers, "/{id}"),
            for_anybody(never_stored(
                get(offers::offer).options(metadata::preflight),
            )),
        ),
        (
            below(Endpoint::StatusLists, ""),
            for_anybody(get(status_lists::aggregation).options(metadata::preflight)),
        ),
        (
            below(Endpoint::StatusLists, "/{id}"),
            for_anybody(get(status_lists::status_list).options(metadata::preflight)),
        ),
        (below(Endpoint::Crl, ""), get(crl::crl)),
        (below(Endpoint::Crl, "/{root}"), get(crl::of_root)),
        (below(Endpoint::IacaPem, ""), get(iaca::pem)),
        (below(Endpoint::IacaDer, ""), get(iaca::der)),
    ] {
        routes.add(place, methods.with_state(state.clone()));
    }
}

/// Also on the answers to wrong methods, which the handler never sees.
fn never_stored<S: Clone + Send + Sync + 'static>(methods: MethodRouter<S>) -> MethodRouter<S> {
    let no_store = HeaderValue::from_static("no-store");
    methods.layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, no_store))
}

/// Scripts of any origin may read it: it is public, and no cookie changes it.
fn for_anybody<S: Clone + Send + Sync + 'static>(methods: MethodRouter<S>) -> MethodRouter<S> {
    let any = HeaderValue::from_static("*");
    methods.layer(SetResponseHeaderLayer::overriding(
        ACCESS_CONTROL_ALLOW_ORIGIN,
        any,
    ))
}
