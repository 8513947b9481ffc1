use std::time::Duration;

use tonic::{Code, Status};

use crate::error::ApiError;

/// How long a stream may be silent before it is taken for lost.
pub(crate) const IDLE: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What a stream does after its failures.
pub(crate) struct Recovery {
    pub(crate) on_interruption: Box<dyn FnMut(&ApiError) + Send>,
    failures: u32,
    began: bool,
}

impl Recovery {
    pub(crate) fn new() -> Self {
        Self { on_interruption: Box::new(|_| {}), failures: 0, began: false }
    }

    /// A message came.
    pub(crate) fn received(&mut self) {
        self.began = true;
        self.failures = 0;
    }

    /// Returns when the stream may be opened again; at once, with the error, if it does not pass.
    pub(crate) async fn wait(&mut self, status: Status) -> Result<(), ApiError> {
        let error = ApiError::from(status);
        if !self.passes(&error) {
            return Err(error);
        }
        (self.on_interruption)(&error);
        let pause = pause(self.failures).max(error.retry_delay.unwrap_or_default());
        self.failures += 1;
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// Whether the stream may be opened again. A full limit of streams passes only for a stream that had a message: its
    /// old connection may still be counted.
    fn passes(&self, error: &ApiError) -> bool {
        match error.code {
            Code::Unavailable => true,
            Code::ResourceExhausted => self.began && error.retry_delay.is_some(),
            // What the library and proxies make of a connection that broke.
            Code::Unknown | Code::Internal | Code::Cancelled => error.reason.is_empty(),
            _ => false,
        }
    }
}

pub(crate) fn nothing_came(idle: Duration) -> Status {
    Status::unavailable(format!("nothing came for {} seconds", idle.as_secs_f64()))
}

/// The pause after so many failures in a row. The readers of a server that stops are spread out.
fn pause(failures: u32) -> Duration {
    (FIRST_PAUSE * 2_u32.pow(failures.min(10))).min(LONGEST_PAUSE).mul_f64(0.2 + 0.8 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow() {
        for (failures, regular) in
            [500, 1000, 2000, 4000, 5000, 5000].map(Duration::from_millis).into_iter().enumerate()
        {
            let pause = pause(u32::try_from(failures).unwrap());
            assert!(regular / 5 <= pause && pause <= regular, "{pause:?} after {failures} failures");
        }
    }
}
