//! Words that schemas are marked with, and what every part of this folder says about a schema that it refuses.

/// JSON pointer or name of a field, and what is wrong there.
pub(super) type Problem = (String, String);

/// Kratos' extension.
pub(super) const MARK: &str = "ory.sh/kratos";
/// What takes the place of `pattern` for the validator, which would read it as ECMAScript.
pub(super) const PATTERN: &str = "vestibule/pattern";
/// On an identifier: its required format.
pub(super) const IDENTIFIER: &str = "vestibule/identifier";
/// On what a value may or may not fit: its place in the schema.
pub(super) const BRANCH: &str = "vestibule/branch";
/// Deeper schemas are refused when they are compiled.
pub(super) const DEEPEST: usize = 16;
