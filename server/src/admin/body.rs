//! The JSON that a request brings.

use crate::error::ApiError;
use engine::Error;
use engine::identity::decode::Shape;
use serde::de::DeserializeOwned;

/// `what` the body is, for the reason of its refusal.
pub(super) fn read<T: DeserializeOwned>(shape: Shape, bytes: &[u8], what: &str) -> Result<T, ApiError> {
    shape.check_json(bytes).map_err(Error::invalid)?;
    let read = serde_json::from_slice(bytes);
    Ok(read.map_err(|broken| Error::invalid(format!("Invalid {what} in the body: {broken}.")))?)
}
