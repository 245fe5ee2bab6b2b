//! Request bodies.

use crate::{Problem, read_body};
use axum::{
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use fanfare_proto::{ErrorCode, json};
use serde::{Serialize, de::DeserializeOwned};

/// A JSON body, in or out.
///
/// Coming in: an object of at most the router's body limit, nested at most
/// [`JSON_DEPTH`](fanfare_proto::limits::JSON_DEPTH); the content type is not asked for, since `curl -d` does not send
/// one. Everything else is answered with a [`Problem`] that says where it is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = read_body(request, state).await?;
        Self::parse(&bytes)
    }
}

impl<T: DeserializeOwned> Json<T> {
    /// Reads a body that is already here.
    ///
    /// # Errors
    ///
    /// A problem with `bad_json` or `bad_message`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let bad_json = |detail: &str| Problem::new(ErrorCode::BadJson, detail);
        let text = std::str::from_utf8(bytes).map_err(|_at| bad_json("the body is not UTF-8"))?;
        if !json::is_shallow(text) {
            return Err(bad_json("the body is nested too deeply"));
        }
        // serde reads a struct from an array too, field by field, and names the struct when it cannot.
        if !json::is_object(text) {
            return Err(bad_json("the body is not a JSON object"));
        }
        match serde_json::from_str(text) {
            Ok(value) => Ok(Self(value)),
            Err(error) if error.is_data() => {
                let text = error.to_string();
                let detail = match text.split_once("expected struct ") {
                    Some((before, _name)) => format!("{before}expected an object"),
                    None => text,
                };
                Err(Problem::new(ErrorCode::BadMessage, detail))
            }
            Err(error) => Err(bad_json(&error.to_string())),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Login {
        #[expect(dead_code, reason = "read by serde only")]
        name: String,
    }

    #[test]
    fn what_is_no_body_says_why_without_naming_our_types() {
        for (body, code) in [
            ("[\"x\"]", "bad_json"),
            ("7", "bad_json"),
            ("{", "bad_json"),
            ("{}", "bad_message"),
            ("{\"name\":{}}", "bad_message"),
        ] {
            let problem = Json::<Login>::parse(body.as_bytes()).unwrap_err();
            assert_eq!(problem.code(), code, "{body}");
            assert!(!problem.detail().contains("Login"), "{}", problem.detail());
        }
    }
}
