//! Node order as Kratos makes it.
