//! The terms of docs/language.md, checked as text: what users and operators read doesn't contain the terms that the page replaces. A
//! folder that isn't in [`COVERED`] isn't checked.

use std::fs;
use std::path::{Path, PathBuf};

/// Checked: Markdown, email templates, and string literals of Rust sources outside of their tests. Of the command line also the doc
/// comments, because they are its help. To cover another folder, add it here and reword what the test then reports. Not covered yet:
/// xtask outside of asvs, and of engine/src: flow, form, method, otp, plan, signup.
const COVERED: [&str; 62] = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs",
    "app/src/console",
    "app/src/hosted",
    "engine/src/admin",
    "engine/src/admin.rs",
    "engine/src/cleanup.rs",
    "engine/src/config",
    "engine/src/courier",
    "engine/src/effects",
    "engine/src/engine.rs",
    "engine/src/error.rs",
    "engine/src/gate.rs",
    "engine/src/hooks",
    "engine/src/identity",
    "engine/src/invitations.rs",
    "engine/src/known_secrets.rs",
    "engine/src/leases.rs",
    "engine/src/limits",
    "engine/src/limits.rs",
    "engine/src/limits_table.rs",
    "engine/src/metrics.rs",
    "engine/src/operators",
    "engine/src/password",
    "engine/src/pipeline.rs",
    "engine/src/requester",
    "engine/src/requester.rs",
    "engine/src/row_budget.rs",
    "engine/src/secrets.rs",
    "engine/src/session.rs",
    "engine/src/settings",
    "engine/src/social",
    "engine/src/store",
    "engine/src/trace.rs",
    "engine/src/ui",
    "server/src/admin",
    "server/src/assets.rs",
    "server/src/bounds.rs",
    "server/src/cli",
    "server/src/cli.rs",
    "server/src/client.rs",
    "server/src/console",
    "server/src/console.rs",
    "server/src/cookies.rs",
    "server/src/cors.rs",
    "server/src/edge.rs",
    "server/src/error.rs",
    "server/src/guard.rs",
    "server/src/headers.rs",
    "server/src/hosted.rs",
    "server/src/meta.rs",
    "server/src/negotiate.rs",
    "server/src/origin.rs",
    "server/src/public",
    "server/src/rehearse.rs",
    "server/src/respond.rs",
    "server/src/serve",
    "server/src/serve.rs",
    "xtask/src/asvs",
];

/// Inside of a covered folder, and not checked.
const EXEMPT: [(&str, &str); 1] = [("docs/language.md", "lists the terms")];

/// What not to write, and what to write instead. Each is a word or a phrase; a `*` at its end stands for any ending.
const TERMS: [(&str, &str); 63] = [
    ("e-mail*", "email"),
    ("mail", "email"),
    ("mails", "emails"),
    ("mailed", "emailed"),
    ("user name*", "username"),
    ("web hook*", "webhook"),
    ("web-hook*", "webhook"),
    ("set-up", "setup"),
    ("whoever", "users, anyone, an attacker"),
    ("somebody", "someone, a user, an attacker"),
    ("anybody", "anyone"),
    ("nobody", "a sentence with a subject"),
    ("everybody", "everyone, all users"),
    ("people", "users"),
    ("stranger*", "an attacker, another user"),
    ("proven", "verified"),
    ("unproven", "unverified"),
    ("proof", "verification"),
    ("proofs", "verifications"),
    ("proves", "verifies"),
    ("confirmed address*", "verified email"),
    ("confirm your address", "verify your email"),
    ("unconfirmed", "unverified"),
    ("vouch*", "trusted emails"),
    ("way in", "sign-in method"),
    ("ways in", "sign-in methods"),
    ("way of signing", "method"),
    ("come in", "sign in"),
    ("gets in", "signs in, gets access"),
    ("let in", "sign in, get access"),
    ("hand over", "issue, set, return"),
    ("hands over", "issues, sets, returns"),
    ("handed over", "issued, set, returned"),
    ("hand-over*", "deferred login"),
    ("good for", "valid for"),
    ("good until", "expires on"),
    ("withdraw*", "revoke"),
    ("take back", "undo, reset"),
    ("taken back", "undone, reset"),
    ("gone back", "restored"),
    ("in force", "current, active, applies"),
    ("laid over", "overrides"),
    ("stands in", "is in"),
    ("stand in", "are in"),
    ("stands beside", "is next to"),
    ("lies in", "is in"),
    ("the answer", "the response"),
    ("an answer", "a response"),
    ("answers with", "returns"),
    ("given up", "failed"),
    ("gives up", "fails"),
    ("alike", "the same"),
    ("leaks nothing", "prevents account enumeration"),
    ("switch on", "turn on"),
    ("switched on", "turned on"),
    ("switch off", "turn off"),
    ("switched off", "turned off"),
    ("sealed", "encrypted"),
    ("throw-away", "temporary"),
    ("all the same", "nothing, or the exception"),
    ("not there yet", "not supported yet"),
    ("built-in starter", "built-in default configuration"),
    ("please", "nothing"),
];

/// Where a term is right: in a file (or anywhere, with an empty name), inside of that text.
const ALLOWED: [(&str, &str, &str); 5] = [
    ("", "mail server", "the field's term for the server that sends emails"),
    ("", "mail app", "the field's term for the program that shows emails"),
    ("engine/src/password", "proof", "a word that attackers try"),
    ("engine/src/store", "mailed", "a column"),
    ("engine/src/store", "sealed", "a column"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            files(&entry.unwrap().path(), found);
        }
        return;
    }
    let kind = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if matches!(kind, "rs" | "md" | "txt" | "html" | "subject" | "yml") {
        found.push(path.to_owned());
    }
}

/// The text of a file that is read by people, with everything else blanked, so that lines keep their numbers.
fn visible(name: &str, source: &str) -> String {
    match name.rsplit('.').next() {
        Some("rs") => literals(source, name.starts_with("server/src/cli")),
        Some("md") => without_code_blocks(source),
        _ => source.to_owned(),
    }
}

fn without_code_blocks(source: &str) -> String {
    let mut inside = false;
    let lines = source.lines().map(|line| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        if inside || fence { "" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// String literals of Rust code before its `#[cfg(test)]` module, and doc comments where they are help. A literal without a space is a
/// name.
fn literals(source: &str, with_docs: bool) -> String {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or(source);
    let mut text = String::new();
    let letters: Vec<char> = source.chars().collect();
    let at = |index: usize| letters.get(index).copied().unwrap_or('\0');
    let mut index = 0;
    while index < letters.len() {
        match at(index) {
            '/' if at(index + 1) == '/' => {
                let doc = with_docs && at(index + 2) == '/';
                while index < letters.len() && at(index) != '\n' {
                    text.push(if doc { at(index) } else { ' ' });
                    index += 1;
                }
            }
            // A quote as a character is not the begin of a literal, and a lifetime has no end.
            '\'' if at(index + 1) == '\\' => index += 3,
            '\'' if at(index + 2) == '\'' => index += 3,
            'r' if matches!(at(index + 1), '"' | '#') && raw_end(&letters, index).is_some() => {
                let (begin, end) = raw_end(&letters, index).unwrap();
                text.extend(&letters[begin..end]);
                text.push(' ');
                index = end + 1;
            }
            '"' => {
                index += 1;
                let start = text.len();
                while index < letters.len() && at(index) != '"' {
                    match (at(index), at(index + 1)) {
                        // The line goes on: one text for the reader.
                        ('\\', '\n') => {
                            index += 2;
                            while at(index) == ' ' {
                                index += 1;
                            }
                            continue;
                        }
                        ('\\', _) => {
                            text.push(' ');
                            index += 2;
                            continue;
                        }
                        (letter, _) => text.push(letter),
                    }
                    index += 1;
                }
                if !text[start..].contains(' ') {
                    text.truncate(start);
                }
                text.push('|');
                index += 1;
            }
            '\n' => {
                text.push('\n');
                index += 1;
            }
            _ => index += 1,
        }
    }
    text
}

/// Where the text of a raw string that begins at `index` begins and ends.
fn raw_end(letters: &[char], index: usize) -> Option<(usize, usize)> {
    let hashes = letters[index + 1..].iter().take_while(|letter| **letter == '#').count();
    let begin = index + 1 + hashes;
    if letters.get(begin) != Some(&'"') {
        return None;
    }
    let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let length = letters[begin + 1..].windows(close.len()).position(|part| part == close)?;
    Some((begin + 1, begin + 1 + length))
}

/// Lower-case, one space between words, without `code`, placeholders and targets of links.
fn words(line: &str) -> String {
    let mut text = String::new();
    let mut code = false;
    for part in line.split('`') {
        if !code {
            text.push_str(part);
        } else {
            text.push_str(" ` ");
        }
        code = !code;
    }
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("](") {
        plain.push_str(before);
        plain.push(' ');
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A letter, or what joins letters to a name: `mail.example.org`, `mails_per_hour`, `web-hooks.md`, `/letters/`.
fn in_a_name(letter: Option<char>, next: Option<char>) -> bool {
    match letter {
        Some(letter) if letter.is_alphanumeric() || matches!(letter, '_' | '-' | '/' | '@' | '{') => true,
        Some('.' | ':') => next.is_some_and(char::is_alphanumeric),
        _ => false,
    }
}

/// The places of a term, as byte ranges.
fn occurrences(text: &str, term: &str) -> Vec<(usize, usize)> {
    let (stem, any_ending) = term.strip_suffix('*').map_or((term, false), |stem| (stem, true));
    let mut found = Vec::new();
    for (begin, _) in text.match_indices(stem) {
        let mut end = begin + stem.len();
        if any_ending {
            end += text[end..].find(|letter: char| !letter.is_alphabetic()).unwrap_or(text.len() - end);
        }
        let mut before = text[..begin].chars().rev();
        let mut after = text[end..].chars();
        let (previous, next) = (before.next(), after.next());
        let begins = !in_a_name(previous, before.next());
        let ends = !in_a_name(next, after.next());
        if begins && ends {
            found.push((begin, end));
        }
    }
    found
}

fn is_allowed(name: &str, text: &str, (begin, end): (usize, usize)) -> bool {
    ALLOWED.iter().filter(|(file, ..)| name.starts_with(file)).any(|(_, phrase, _)| {
        text.match_indices(phrase).any(|(at, _)| at <= begin && end <= at + phrase.len())
    })
}

fn checked() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for path in COVERED {
        let path = root().join(path);
        assert!(path.exists(), "{} does not exist", path.display());
        files(&path, &mut found);
    }
    found.sort();
    found.dedup();
    found
        .into_iter()
        .filter_map(|path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            let exempt = EXEMPT.iter().any(|(file, _)| name.starts_with(file)) || name.ends_with("tests.rs");
            (!exempt).then(|| (name, fs::read_to_string(&path).unwrap()))
        })
        .collect()
}

#[test]
fn texts_use_the_terms_of_the_language_page() {
    let mut wrong = Vec::new();
    for (name, source) in checked() {
        for (number, line) in visible(&name, &source).lines().enumerate() {
            let text = words(line);
            for (term, instead) in TERMS {
                for place in occurrences(&text, term) {
                    if !is_allowed(&name, &text, place) {
                        wrong.push(format!("{name}:{}: “{term}”, write {instead}: {text:.160}", number + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} places:\n{}", wrong.len(), wrong.join("\n"));
}

/// A check that sees nothing would pass as well.
#[test]
fn the_check_finds_terms_where_users_read_them_and_nowhere_else() {
    let found = |name: &str, source: &str| {
        let text = visible(name, source);
        let lines: Vec<String> = text.lines().map(words).collect();
        lines.iter().any(|line| TERMS.iter().any(|(term, _)| !occurrences(line, term).is_empty()))
    };
    for (name, source) in [
        ("README.md", "Whoever reads this"),
        ("docs/a.md", "an E-Mail, sent"),
        ("engine/src/a.rs", "fn a() { b(\"The web \\\n    hook failed.\") }"),
        ("engine/src/a.rs", "const A: &str = r#\"say \"whoever\"\"#;"),
        ("engine/src/a.rs", "if letter == '\"' { \"tell somebody\" }"),
        ("server/src/cli/a.rs", "/// Ends what nobody needs"),
        ("engine/src/courier/letters/en/a.txt", "This mail"),
    ] {
        assert!(found(name, source), "{name}: {source}");
    }
    for (name, source) in [
        ("README.md", "`whoever` is code"),
        ("README.md", "See [webhooks](web-hooks.md) at mail.example.org"),
        ("README.md", "```\nmails\n```"),
        ("engine/src/a.rs", "// whoever reads comments\nlet mails = \"mails_per_hour\";"),
        ("engine/src/a.rs", "#[cfg(test)]\nmod tests { const A: &str = \"whoever\"; }"),
    ] {
        assert!(!found(name, source), "{name}: {source}");
    }
    assert!(checked().len() > 150, "{} files", checked().len());
}
