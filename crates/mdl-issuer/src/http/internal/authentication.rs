//! Who asks: by a bearer token (RFC 6750) or a client certificate; and whether their role allows it.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mdl_crypto::{HashAlgorithm, constant_time_eq};

use super::Internal;
use crate::config::Role;
use crate::operations::client_certificate::ClientCertificate;
use crate::operations::problem::Problem;

/// Longer tokens are nobody's, and are not hashed.
const MAX_TOKEN: usize = 4096;

/// Who asks, as kept with what they change. An extension of every request that was let in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Actor(pub String);

/// Lets nobody in who does not say who they are, or has a lesser role than `least`.
pub(super) async fn require(
    State((internal, least)): State<(Internal, Role)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some((actor, role)) = actor(&internal, &request) else {
        let mut response = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized")
            .detail("expected a bearer token of an operator, or a client certificate")
            .into_response();
        let challenge = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge);
        return response;
    };
    if role < least {
        return Problem::new(StatusCode::FORBIDDEN, "forbidden")
            .detail("the role of this operator does not allow it")
            .into_response();
    }
    request.extensions_mut().insert(actor);
    request.extensions_mut().insert(role);
    next.run(request).await
}

fn actor(internal: &Internal, request: &Request) -> Option<(Actor, Role)> {
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") || token.len() > MAX_TOKEN {
            return None;
        }
        let hash = HashAlgorithm::Sha256.digest(token.trim().as_bytes());
        // All are compared, so that the time tells nothing about which one it was.
        let matching: Vec<_> = internal
            .operators
            .iter()
            .filter(|operator| constant_time_eq(&operator.token, hash.as_ref()))
            .collect();
        return matching
            .first()
            .map(|operator| (Actor(operator.name.clone()), operator.role));
    }
    let ClientCertificate(name) = request.extensions().get::<ClientCertificate>()?;
    // The root of client certificates is for operators and nothing else. A name in a certificate must not pass for that of
    // somebody with a token.
    let name = name.as_ref()?;
    Some((Actor(format!("certificate:{name}")), Role::Operator))
}
