//! Placeholder while the console is being merged.
