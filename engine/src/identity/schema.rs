//! Identity schemas: JSON Schema with the `ory.sh/kratos` extension.

/// A compiled identity schema.
#[derive(Debug)]
pub struct Schema {}
