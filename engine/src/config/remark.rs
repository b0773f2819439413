//! Remarks on a file that was exported.

/// Something to know before the file is used.
#[derive(Clone, PartialEq, Debug)]
pub struct Remark {
    /// The key it is about.
    pub path: String,
    pub text: String,
}
