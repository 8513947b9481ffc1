//! Client of the `appprofile.v1` gRPC API: app profiles, heartbeats, push feedback and usage.
//!
//! [`connect`] gives a [`Client`], whose calls are those of the generated stubs in [`v1`], with credentials, a deadline
//! and retries. A failed call's [`tonic::Status`] turns into an [`ApiError`] with `?`.

mod client;
mod connection;
mod error;
mod imports;
mod options;
mod policy;
mod recovery;
mod reliable;
mod streams;

pub use client::{Client, connect};
pub use error::{ApiError, Violation};
pub use imports::{ImportRequest, ResumingImport};
pub use options::{BoxError, DEFAULT_DEADLINE, InvalidOptions, Jwt, Options};
pub use reliable::Reliable;
pub use streams::{ResumingStream, StreamError};
pub use tonic::{self, Code};

/// The generated code. Its modules are nested as the proto packages are, because it refers to itself that way.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
mod generated {
    pub mod appprofile {
        pub mod v1 {
            include!("gen/appprofile.v1.rs");
        }
    }
    pub mod google {
        pub mod r#type {
            include!("gen/google.type.rs");
        }
    }
}

pub use generated::appprofile::v1;
pub use generated::google::r#type::Date;
