//! Patterns as Kratos reads them, in the syntax of RE2 (Go: regexp/syntax), for an engine with linear time. Differences of the two
//! syntaxes are converted: classes and word boundaries are ASCII, a bracket in a class is a bracket.

use crate::limits_table::PATTERN_SIZE;
use regex::{Regex, RegexBuilder};
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

const DIGIT: &str = "0-9";
const SPACE: &str = "\\t\\n\\x0C\\r ";
const WORD: &str = "0-9A-Za-z_";
/// Go's bound for one repetition.
const MOST_REPEATED: u32 = 1000;

/// What a pattern is matched with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Value,
    /// The name of a member. The validator reads these as ECMAScript, so what that lacks is refused.
    Name,
}

/// # Errors
/// A sentence.
pub(super) fn of_values(pattern: &str) -> Result<Regex, String> {
    let text = Translation::of(pattern, Subject::Value)?;
    RegexBuilder::new(&text).size_limit(PATTERN_SIZE.count()).build().map_err(|error| {
        if matches!(error, regex::Error::CompiledTooBig(_)) {
            "This pattern is too large. Repeat fewer or smaller parts.".to_owned()
        } else {
            "This is not an RE2 pattern. Check brackets and repetitions.".to_owned()
        }
    })
}

/// The same for names, and the text that the validator takes for it.
///
/// # Errors
/// A sentence.
pub(super) fn of_names(pattern: &str) -> Result<(String, Regex), String> {
    let regex = of_values(pattern)?;
    Ok((Translation::of(pattern, Subject::Name)?, regex))
}

struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    subject: Subject,
    text: String,
}

impl<'a> Translation<'a> {
    fn of(pattern: &'a str, subject: Subject) -> Result<String, String> {
        let mut this = Self { rest: pattern.chars().peekable(), subject, text: String::new() };
        while let Some(letter) = this.rest.next() {
            this.outside(letter)?;
        }
        Ok(this.text)
    }

    fn outside(&mut self, letter: char) -> Result<(), String> {
        match letter {
            '\\' => self.escape(),
            '[' => self.class(),
            '(' => self.group(),
            '{' => self.repetition(),
            '}' | ']' => {
                self.literal(letter);
                Ok(())
            }
            '.' if self.subject == Subject::Name => {
                self.text.push_str("[^\\n]");
                Ok(())
            }
            other => {
                self.text.push(other);
                Ok(())
            }
        }
    }

    fn literal(&mut self, letter: char) {
        self.text.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
    }

    fn escape(&mut self) -> Result<(), String> {
        let letter = self.rest.next().ok_or("A pattern must not end with a backslash.")?;
        match letter {
            'd' => self.text.push_str(&format!("[{DIGIT}]")),
            'D' => self.text.push_str(&format!("[^{DIGIT}]")),
            's' => self.text.push_str(&format!("[{SPACE}]")),
            'S' => self.text.push_str(&format!("[^{SPACE}]")),
            'w' => self.text.push_str(&format!("[{WORD}]")),
            'W' => self.text.push_str(&format!("[^{WORD}]")),
            'b' | 'B' => {
                self.only_for_values("\\b")?;
                self.text.push_str(&format!("(?-u:\\{letter})"));
            }
            'A' => self.text.push_str(if self.subject == Subject::Name { "^" } else { "\\A" }),
            'z' => self.text.push_str(if self.subject == Subject::Name { "$" } else { "\\z" }),
            'Q' => self.quoted(),
            'p' | 'P' => self.property(letter)?,
            other => {
                let letter = self.character(other)?;
                self.literal(letter);
            }
        }
        Ok(())
    }

    /// `\Q…\E`
    fn quoted(&mut self) {
        while let Some(letter) = self.rest.next() {
            if letter == '\\' && self.rest.next_if_eq(&'E').is_some() {
                return;
            }
            self.literal(letter);
        }
    }

    /// `\p{Greek}`, `\p{^Greek}`, `\pL`
    fn property(&mut self, letter: char) -> Result<(), String> {
        self.only_for_values("\\p")?;
        let mut negated = letter == 'P';
        let mut name = String::new();
        match self.rest.next() {
            Some('{') => {
                negated ^= self.rest.next_if_eq(&'^').is_some();
                name.extend(self.rest.by_ref().take_while(|letter| *letter != '}'));
            }
            one => name.extend(one),
        }
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            return Err("Name a Unicode class as in \\p{L} or \\p{Greek}.".to_owned());
        }
        let _ = write!(self.text, "\\{}{{{name}}}", if negated { 'P' } else { 'p' });
        Ok(())
    }

    /// The one character that an escape stands for.
    fn character(&mut self, letter: char) -> Result<char, String> {
        let unknown = || format!("RE2 doesn't support \\{letter}.");
        Ok(match letter {
            'a' => '\u{7}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => self.hexadecimal().ok_or_else(unknown)?,
            // One digit alone would be a back reference.
            '1'..='7' if !matches!(self.rest.peek(), Some('0'..='7')) => return Err(unknown()),
            '0'..='7' => {
                let mut code = letter.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    if let Some(digit) = self.rest.next_if(|next| next.is_digit(8)) {
                        code = code * 8 + digit.to_digit(8).unwrap_or_default();
                    }
                }
                char::from_u32(code).ok_or_else(unknown)?
            }
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
            _ => return Err(unknown()),
        })
    }

    fn hexadecimal(&mut self) -> Option<char> {
        let digits: String = match self.rest.next_if_eq(&'{') {
            Some(_) => self.rest.by_ref().take_while(|letter| *letter != '}').collect(),
            None => self.rest.by_ref().take(2).collect(),
        };
        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
    }

    fn group(&mut self) -> Result<(), String> {
        if self.rest.next_if_eq(&'?').is_none() {
            self.text.push('(');
            return Ok(());
        }
        let (mut flags, mut end) = (String::new(), None);
        for letter in self.rest.by_ref() {
            match letter {
                ':' | ')' | '<' => {
                    end = Some(letter);
                    break;
                }
                'i' | 'm' | 's' | 'U' | '-' | 'P' => flags.push(letter),
                _ => break,
            }
        }
        match (flags.as_str(), end) {
            ("", Some(':')) => self.text.push_str("(?:"),
            ("" | "P", Some('<')) => {
                let name: String = self.rest.by_ref().take_while(|letter| *letter != '>').collect();
                if name.is_empty()
                    || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
                {
                    return Err("RE2 doesn't support lookaround: remove (?=, (?!, (?<= or (?<!.".to_owned());
                }
                self.text.push('(');
            }
            (flags, Some(end @ (':' | ')'))) if !flags.is_empty() && !flags.contains('P') => {
                self.only_for_values("(?i)")?;
                let _ = write!(self.text, "(?{flags}{end}");
            }
            _ => {
                return Err("RE2 doesn't support this group. It supports (?:…), (?P<name>…) and the flags i, m, s and U, but no lookaround."
                    .to_owned());
            }
        }
        Ok(())
    }

    /// A brace that begins no repetition is a brace.
    fn repetition(&mut self) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        let inside: String = ahead.by_ref().take_while(|letter| *letter != '}').collect();
        let closed = self.rest.clone().any(|letter| letter == '}');
        let (least, most) = match inside.split_once(',') {
            Some((least, "")) => (least, None),
            Some((least, most)) => (least, Some(most)),
            None => (inside.as_str(), Some(inside.as_str())),
        };
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !closed || !is_number(least) || !most.is_none_or(is_number) {
            self.literal('{');
            return Ok(());
        }
        for number in [Some(least), most].into_iter().flatten() {
            if number.parse::<u32>().is_ok_and(|number| number <= MOST_REPEATED) {
                continue;
            }
            return Err(format!("A pattern can repeat a part at most {MOST_REPEATED} times."));
        }
        let _ = write!(self.text, "{{{inside}}}");
        self.rest = ahead;
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        const OPEN: &str = "Close the character class with a bracket.";
        self.text.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.text.push('^');
        }
        let mut first = true;
        loop {
            let letter = self.rest.next().ok_or(OPEN)?;
            match letter {
                ']' if !first => {
                    self.text.push(']');
                    return Ok(());
                }
                '[' if self.rest.peek() == Some(&':') => self.named_class()?,
                '\\' if matches!(self.rest.peek(), Some('d' | 's' | 'w' | 'D' | 'S' | 'W' | 'p' | 'P')) => {
                    self.class_in_class()?;
                }
                letter => {
                    let from = if letter == '\\' { self.escaped()? } else { letter };
                    let mut ahead = self.rest.clone();
                    let range = ahead.next() == Some('-') && ahead.next().is_some_and(|next| next != ']');
                    self.in_class(from);
                    if range {
                        self.rest.next();
                        let to = self.rest.next().ok_or(OPEN)?;
                        let to = if to == '\\' { self.escaped()? } else { to };
                        self.text.push('-');
                        self.in_class(to);
                    }
                }
            }
            first = false;
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        let letter = self.rest.next().ok_or("A pattern must not end with a backslash.")?;
        self.character(letter)
    }

    fn in_class(&mut self, letter: char) {
        if "[]\\^-&~".contains(letter) {
            self.text.push('\\');
        }
        self.text.push(letter);
    }

    fn class_in_class(&mut self) -> Result<(), String> {
        match self.rest.next().unwrap_or_default() {
            'd' => self.text.push_str(DIGIT),
            's' => self.text.push_str(SPACE),
            'w' => self.text.push_str(WORD),
            letter @ ('p' | 'P') => self.property(letter)?,
            letter => {
                self.only_for_values("\\D in a class")?;
                let class = match letter {
                    'D' => DIGIT,
                    'S' => SPACE,
                    _ => WORD,
                };
                let _ = write!(self.text, "[^{class}]");
            }
        }
        Ok(())
    }

    /// `[:alpha:]`
    fn named_class(&mut self) -> Result<(), String> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
            "space", "upper", "word", "xdigit",
        ];
        self.only_for_values("[:alpha:]")?;
        self.rest.next();
        let name: String = self.rest.by_ref().take_while(|letter| *letter != ':').collect();
        let known = NAMES.contains(&name.trim_start_matches('^')) && self.rest.next() == Some(']');
        if !known {
            return Err("RE2 doesn't support this named character class.".to_owned());
        }
        let _ = write!(self.text, "[:{name}:]");
        Ok(())
    }

    fn only_for_values(&self, what: &str) -> Result<(), String> {
        match self.subject {
            Subject::Value => Ok(()),
            Subject::Name => Err(format!("A pattern for member names can't contain {what}.")),
        }
    }
}

#[cfg(test)]
mod tests;
