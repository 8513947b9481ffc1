use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;
use tonic::Code;

/// The retry policy that all clients share.
pub(crate) static POLICY: LazyLock<RetryPolicy> = LazyLock::new(|| {
    let config: ServiceConfig =
        serde_json::from_str(include_str!("service_config.json")).expect("the package's own file is sound");
    config.method_config.into_iter().next().expect("it has one entry").retry_policy
});

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServiceConfig {
    method_config: Vec<MethodConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MethodConfig {
    retry_policy: RetryPolicy,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RetryPolicy {
    pub(crate) max_attempts: u32,
    initial_backoff: String,
    max_backoff: String,
    backoff_multiplier: f64,
    retryable_status_codes: Vec<String>,
}

impl RetryPolicy {
    /// Whether a call that failed so may be tried again.
    pub(crate) fn retries(&self, code: Code) -> bool {
        // The config has UNAVAILABLE where tonic has Unavailable.
        let name = format!("{code:?}").to_uppercase();
        self.retryable_status_codes.iter().any(|each| each.replace('_', "") == name)
    }

    /// The wait after so many attempts, plus or minus a fifth: callers that failed together spread out.
    pub(crate) fn backoff(&self, attempts: u32) -> Duration {
        let growth = self.backoff_multiplier.powi(i32::try_from(attempts).unwrap_or(i32::MAX) - 1);
        let regular = (seconds(&self.initial_backoff) * growth).min(seconds(&self.max_backoff));
        Duration::from_secs_f64(regular * (0.8 + 0.4 * fastrand::f64()))
    }
}

/// The seconds in protobuf's JSON form of a duration: `0.5s`.
fn seconds(duration: &str) -> f64 {
    duration.trim_end_matches('s').parse().expect("the package's own file is sound")
}
