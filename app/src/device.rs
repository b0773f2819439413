//! A client as users know it, for the console and the hosted pages.

/// "Firefox on Windows". A client that is none of the common browsers is called by the beginning of its user agent.
pub(crate) fn device(user_agent: &str) -> String {
    // The order counts: most browsers name others as well.
    const BROWSERS: [(&str, &str); 8] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let known = |list: &[(&str, &'static str)]| {
        list.iter().find(|(part, _)| user_agent.contains(part)).map(|(_, name)| *name)
    };
    match (known(&BROWSERS), known(&SYSTEMS)) {
        _ if user_agent.trim().is_empty() => "Unknown device".to_owned(),
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => {
            let words: Vec<_> = user_agent.chars().take(60).collect();
            words.into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn a_device_is_called_by_its_browser_and_system() {
        for (user_agent, called) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                "Edge on Linux",
            ),
            ("curl/8.5.0", "curl/8.5.0"),
            (" ", "Unknown device"),
        ] {
            assert_eq!(device(user_agent), called);
        }
        assert_eq!(device(&"ü".repeat(500)).chars().count(), 60);
    }
}
