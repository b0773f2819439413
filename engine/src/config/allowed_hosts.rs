//! `vestibule.web_hooks.allowed_hosts`: the hosts that webhooks created in the console may call (design: security §6). Owners add to
//! those of the files, unless a file forbids it.

use super::layers::{get, set};
use serde_json::Value;
use url::{Host, Url};

pub(super) const KEY: &str = "vestibule.web_hooks.allowed_hosts";
const IN_CONSOLE: &str = "vestibule.web_hooks.allow_hosts_in_console";

/// Hosts as addresses have them: in small letters, internationalised names encoded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AllowedHosts(Vec<Entry>);

#[derive(Clone, Debug, PartialEq)]
enum Entry {
    /// This one alone.
    Host(String),
    /// `*.example.org`: every name below it, and not itself; `.example.org`.
    Below(String),
}

impl AllowedHosts {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        self.0.iter().any(|entry| match entry {
            Entry::Host(listed) => listed == host,
            Entry::Below(suffix) => host.len() > suffix.len() && host.ends_with(suffix.as_str()),
        })
    }

    /// As a person writes them.
    pub fn words(&self) -> Vec<String> {
        let word = |entry: &Entry| match entry {
            Entry::Host(host) => host.clone(),
            Entry::Below(suffix) => format!("*{suffix}"),
        };
        self.0.iter().map(word).collect()
    }
}

/// As the list has it: in small letters, and encoded. `None`: the text is no host.
pub fn host(text: &str) -> Option<String> {
    Some(AllowedHosts(vec![Entry::read(text)?]).words().remove(0))
}

/// Adds what owners allowed to the document's list. A file that forbids it wins over what was allowed before.
pub(super) fn add(document: &mut Value, value: &Value) -> Result<(), String> {
    let hosts = value.as_array().ok_or("the value is no list of hosts")?;
    let entry = |host: &Value| host.as_str().filter(|text| Entry::read(text).is_some()).map(str::to_owned);
    let hosts: Vec<String> =
        hosts.iter().map(|host| entry(host).ok_or("an entry is no host")).collect::<Result<_, _>>()?;
    // sabotage: hosts-forbidden-by-a-file
    if get(document, IN_CONSOLE) == Some(&Value::Bool(false)) {
        return Ok(());
    }
    let mut all = match get(document, KEY) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.clone(),
        // Left alone, so that the check can report it.
        Some(_) => return Ok(()),
    };
    all.extend(hosts.into_iter().map(Value::from).filter(|host| !all.contains(host)).collect::<Vec<_>>());
    set(document, KEY, all.into());
    Ok(())
}

impl Entry {
    fn read(text: &str) -> Option<Self> {
        let (below, name) = text.trim().strip_prefix("*.").map_or((false, text.trim()), |rest| (true, rest));
        let host = Host::parse(name.trim_end_matches('.')).ok()?;
        match (below, host) {
            (true, Host::Domain(name)) if !name.contains('*') => Some(Entry::Below(format!(".{name}"))),
            (false, Host::Domain(name)) if name.contains('*') => None,
            (false, host) => Some(Entry::Host(host.to_string())),
            (true, _) => None,
        }
    }
}

/// The hosts of a list, and the places and texts of entries that are none.
pub(super) fn parse(texts: &[String]) -> (AllowedHosts, Vec<(usize, &String)>) {
    let (mut hosts, mut wrong) = (Vec::new(), Vec::new());
    for (index, text) in texts.iter().enumerate() {
        match Entry::read(text) {
            Some(entry) => hosts.push(entry),
            None => wrong.push((index, text)),
        }
    }
    (AllowedHosts(hosts), wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> AllowedHosts {
        AllowedHosts(texts.iter().filter_map(|text| Entry::read(text)).collect())
    }

    #[test]
    fn a_host_is_listed_itself_or_by_what_it_is_below() {
        let hosts = list(&["crm.example.org", "*.Example.com", "127.0.0.1", "[::1]", "bücher.example"]);
        for (url, listed) in [
            ("https://crm.example.org/new", true),
            ("https://CRM.example.org:8443/", true),
            ("https://crm.example.org./", true),
            ("https://a.crm.example.org/", false),
            ("https://example.org/", false),
            ("https://a.b.example.com/", true),
            ("https://example.com/", false),
            ("https://badexample.com/", false),
            ("http://127.0.0.1:9/", true),
            ("http://2130706433/", true),
            ("http://[::1]/", true),
            ("http://10.0.0.1/", false),
            ("https://xn--bcher-kva.example/", true),
            ("https://crm.example.org.evil.test/", false),
            ("https://crm.example.org@evil.test/", false),
        ] {
            assert_eq!(hosts.has(&url.parse().unwrap()), listed, "{url}");
        }
        assert!(!list(&[]).has(&"https://crm.example.org/".parse().unwrap()));
    }

    #[test]
    fn what_is_no_host_is_none() {
        for text in [
            "",
            "*",
            "*.*.org",
            "https://crm.example.org",
            "crm.example.org/new",
            "crm.example.org:443",
            "a*.org",
        ] {
            assert_eq!(Entry::read(text), None, "{text}");
        }
    }
}
