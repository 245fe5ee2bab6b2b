//! Every error answer, as a problem document.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use fanfare_proto::{ErrorCode, text::Lang, wire::Failure};
use serde::Serialize;

/// An RFC 9457 problem document with one of the contract's codes. Its texts never carry internals.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` is what machines read.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The code in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// One of the contract's error codes.
    #[schema(value_type = String, example = "bad_message")]
    code: &'static str,
    /// What exactly is wrong, and what to do about it.
    detail: String,
    /// When the same may be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

impl Problem {
    /// A problem with `code`; `detail` tells this case apart, for people.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: Lang::En.error(code),
            status: code.http_status(),
            code: code.as_str(),
            detail: detail.into(),
            retry_after_ms: None,
        }
    }

    /// The same with another HTTP status than its code's.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Adds when to try again; the answer then has a `Retry-After`.
    #[must_use]
    pub const fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// What exactly is wrong.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let code = failure.error_code();
        let problem = Self::new(code, failure.message);
        if failure.retry_after_ms > 0 {
            problem.retry_after_ms(failure.retry_after_ms)
        } else {
            problem
        }
    }
}

impl From<&Problem> for Failure {
    fn from(problem: &Problem) -> Self {
        Self {
            code: problem.code.to_owned(),
            message: problem.detail.clone(),
            retry_after_ms: problem.retry_after_ms.unwrap_or_default(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after_ms = self.retry_after_ms;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(ms) = retry_after_ms {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
