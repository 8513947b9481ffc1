//! The connection, which is waited for as long as there is none.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
const FIRST_WAIT: Duration = Duration::from_millis(100);
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Why the server was last not reached; None while it is.
#[derive(Clone, Default)]
pub(crate) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    pub(crate) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, trouble: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// A channel whose calls wait, all together, until the server can be reached.
///
/// tonic itself fails a call when it cannot connect, and connects anew for each call after it. So the connector does not
/// fail: it tries until it is through, or nobody waits any more.
pub(crate) fn open(endpoint: &Endpoint, trouble: Trouble) -> Channel {
    endpoint.connect_with_connector_lazy(tower::service_fn(move |uri: Uri| {
        let trouble = trouble.clone();
        async move {
            let mut wait = FIRST_WAIT;
            loop {
                match dial(&uri).await {
                    Ok(stream) => {
                        trouble.set(None);
                        return Ok::<_, io::Error>(TokioIo::new(stream));
                    }
                    Err(error) => trouble.set(Some(error.to_string())),
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }))
}

async fn dial(uri: &Uri) -> io::Result<TcpStream> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or_default();
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect((host, port)))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}
