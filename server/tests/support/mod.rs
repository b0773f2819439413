//! A server in the test's own process, on ports of its own, and a client that sends exactly what it is told.

pub(crate) mod http;
pub(crate) mod sink;
pub(crate) mod stand;
