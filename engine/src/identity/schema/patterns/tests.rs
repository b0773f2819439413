//! Results and errors of Go's package regexp.

use super::*;

/// What Go's package regexp answers to `MatchString`.
#[test]
fn patterns_match_as_in_go() {
    for (pattern, text, matches) in [
        (r"^\d+$", "12", true),
        (r"^\d+$", "१२", false),
        (r"^\D$", "१", true),
        (r"^\w+$", "größe", false),
        (r"^[\w-]+$", "a-b", true),
        (r"^[\w-.]+$", "a-b.c", true),
        (r"^\W$", "ö", true),
        (r"^\s$", "\u{b}", false),
        (r"^\s$", "\u{a0}", false),
        (r"^[^\s]$", "\u{a0}", true),
        (r"^[\S]$", "\u{a0}", true),
        (r"^[\D\d]$", "x", true),
        (r"a\b", "aö", true),
        (r"^a\B", "aö", false),
        (r"^a\Bb", "ab", true),
        (r"(?i)^AbC$", "aBc", true),
        (r"^a(?i:B)c$", "abc", true),
        (r"(?s)^a.b$", "a\nb", true),
        (r"^a.b$", "a\nb", false),
        (r"^a.b$", "a\rb", true),
        (r"(?m)^b$", "a\nb", true),
        (r"\Aab\z", "ab", true),
        (r"\Aab\z", "ab\n", false),
        (r"^ab$", "ab\n", false),
        (r"^[[:alpha:]]+$", "ab", true),
        (r"^[[:alpha:]]+$", "ä", false),
        (r"^[[:^alpha:]]$", "1", true),
        (r"^[a[b]$", "[", true),
        (r"^[a&&b]+$", "&", true),
        (r"^[+--]+$", ",-", true),
        (r"^[--]+$", "-", true),
        (r"^[a-]+$", "-", true),
        (r"^[a~~b]+$", "~", true),
        (r"^[]a]+$", "]a", true),
        (r"^[^]a]$", "b", true),
        (r"^a{2}$", "aa", true),
        (r"^a{,2}$", "a{,2}", true),
        (r"^a{x}$", "a{x}", true),
        (r"^{$", "{", true),
        (r"^a}]$", "a}]", true),
        (r"^\Qa.b\E$", "a.b", true),
        (r"^\Qa.b\E$", "axb", false),
        (r"^\x41\x{42}\103$", "ABC", true),
        (r"^\<\/\-\@$", "</-@", true),
        (r"^\p{Greek}$", "α", true),
        (r"^\p{^Greek}$", "a", true),
        (r"^\P{^Greek}$", "α", true),
        (r"^\pL+$", "aä", true),
        (r"^[\pL\d]+$", "ä1", true),
        (r"^(?P<one>a)(?<two>b)$", "ab", true),
        (r"(?U)^a+", "aa", true),
        ("b", "abc", true),
        ("", "", true),
    ] {
        let regex = of_values(pattern).unwrap_or_else(|why| panic!("{pattern}: {why}"));
        assert_eq!(regex.is_match(text), matches, "{pattern} {text:?}");
    }
}

#[test]
fn what_go_refuses_or_is_too_large_is_refused() {
    for pattern in [
        r"(?=a)",
        r"(?!a)",
        r"(?<=a)",
        r"(?<!a)",
        r"(a)\1",
        r"\y",
        r"\Z",
        r"\C",
        "a{1001}",
        "a{2,1}",
        "[a",
        "[z-a]",
        "(a",
        "a)",
        "*a",
        r"a\",
        r"[[:nope:]]",
        r"(?x)a",
        r"\p{Nope}",
        r"\p",
        "((((a{100}){100}){100}){100})",
    ] {
        assert!(of_values(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn names_have_a_text_that_the_validator_reads_alike() {
    for (pattern, text) in [
        (r"^x-[\d]+\z", "^x\\-[0-9]+$"),
        (r"^a.b$", "^a[^\\n]b$"),
        (r"^\w$", "^[0-9A-Za-z_]$"),
        (r"^[a[]$", "^[a\\[]$"),
    ] {
        // What a hyphen outside of a class is written as does not matter.
        assert_eq!(of_names(pattern).unwrap().0.replace("x-", "x\\-"), text, "{pattern}");
    }
    for refused in [r"a\b", "(?i)a", r"\pL", "[[:alpha:]]", r"[\D]"] {
        assert!(of_names(refused).is_err(), "{refused}");
    }
}
