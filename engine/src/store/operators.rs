//! Rows of operators, their sessions and one-time links.
