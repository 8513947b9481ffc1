use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// A call failed. Made from the call's [`Status`], which stays reachable as its source, or from the
/// [`google.rpc.Status`](tonic_types::Status) of a batch item.
#[derive(Debug)]
pub struct ApiError {
    /// The canonical code.
    pub code: Code,
    /// The reason: a name of `ErrorReason` without its prefix. Empty if the response did not come from the service.
    pub reason: String,
    /// A text for people.
    pub message: String,
    /// The variable parts of the message.
    pub metadata: HashMap<String, String>,
    /// The violated rules of an `InvalidArgument`.
    pub violations: Vec<Violation>,
    /// How long to wait before a retry, if the service says so.
    pub retry_delay: Option<Duration>,
    status: Option<Status>,
}

/// One violated rule: the field's path in the request (`key.user_id`) and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field's path.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

impl ApiError {
    /// The status that the call failed with. None for a batch item's error.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    fn new(code: Code, message: &str, details: &ErrorDetails) -> Self {
        let info = details.error_info();
        Self {
            code,
            reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
            message: message.to_owned(),
            metadata: info.map(|info| info.metadata.clone()).unwrap_or_default(),
            violations: details
                .bad_request()
                .iter()
                .flat_map(|bad_request| &bad_request.field_violations)
                .map(|violation| Violation {
                    field: violation.field.clone(),
                    description: violation.description.clone(),
                })
                .collect(),
            retry_delay: details.retry_info().and_then(|info| info.retry_delay),
            status: None,
        }
    }
}

impl From<Status> for ApiError {
    fn from(status: Status) -> Self {
        let mut error = Self::new(status.code(), status.message(), &status.get_error_details());
        error.status = Some(status);
        error
    }
}

impl From<tonic_types::Status> for ApiError {
    fn from(status: tonic_types::Status) -> Self {
        use tonic_types::RpcStatusExt as _;
        Self::new(status.code.into(), &status.message, &status.get_error_details())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.code)?;
        for part in [&self.reason, &self.message] {
            if !part.is_empty() {
                write!(f, " {part}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.status.as_ref().map(|status| status as _)
    }
}
