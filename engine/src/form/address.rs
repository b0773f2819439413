//! What is kept and told of an address that a client asked for: everything but secrets. An address is stored with its flow, shown to
//! pages, handed to web hooks and written to logs, while a password or a code belongs in a form's body alone.

/// Fields of forms, and parameters of our own links, that are worth something to whoever reads them.
const SECRETS: [&str; 22] = [
    "password",
    "csrf_token",
    "id_token",
    "id_token_nonce",
    "access_token",
    "refresh_token",
    "session_token",
    "totp_code",
    "lookup_secret",
    "passkey_login",
    "passkey_register",
    "passkey_settings_register",
    "webauthn_login",
    "webauthn_register",
    "code",
    "token",
    "secret",
    "init_code",
    "return_to_code",
    "session_token_exchange_code",
    "deferred_login",
    crate::invitations::PARAMETER,
];

/// The address without those parameters; without any, exactly as it came. Works for relative addresses too.
pub fn without_secrets(address: &str) -> String {
    let (address, fragment) = match address.split_once('#') {
        Some((address, fragment)) => (address, Some(fragment)),
        None => (address, None),
    };
    let Some((path, query)) = address.split_once('?') else { return address.to_owned() };
    let is_kept = |pair: &&str| {
        let mut names =
            url::form_urlencoded::parse(pair.as_bytes()).map(|(name, _)| name.to_ascii_lowercase());
        !names.any(|name| is_secret(&name))
    };
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    let mut kept = match kept.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", kept.join("&")),
    };
    // Only a header holds a fragment, and no browser sends one there.
    if let Some(fragment) = fragment.filter(|fragment| !fragment.contains('=')) {
        kept.push('#');
        kept.push_str(fragment);
    }
    kept
}

/// Also inside of a document or a list, such as `traits.password` or `vestibule[deferred_login]`.
fn is_secret(name: &str) -> bool {
    name.split(['.', '[', ']']).any(|part| SECRETS.contains(&part.trim()))
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn secrets_are_taken_out_and_nothing_else() {
        for (given, kept) in [
            ("a/browser", "a/browser"),
            ("a/browser?", "a/browser?"),
            ("a/browser?x=%2F&&y", "a/browser?x=%2F&&y"),
            ("a/browser?password=p", "a/browser"),
            (
                "a/browser?return_to=https%3A%2F%2Fapp.example%2F%3Fcode%3D1&password=p",
                "a/browser?return_to=https%3A%2F%2Fapp.example%2F%3Fcode%3D1",
            ),
            (
                "a/browser?login_challenge=c&csrf_token=t&refresh=true",
                "a/browser?login_challenge=c&refresh=true",
            ),
            ("a?%70assword=p&x=1", "a?x=1"),
            ("a?PASSWORD=p&Code=1&x=1", "a?x=1"),
            ("a?password&x=1", "a?x=1"),
            ("a?+password=p", "a"),
            ("a?traits.password=p&vestibule[deferred_login]=s&x=1", "a?x=1"),
            ("a?x=1&invitation=i&token=t&code=1&id_token=j&totp_code=1&lookup_secret=l", "a?x=1"),
            ("a?password=p#part", "a#part"),
            ("a#access_token=t", "a"),
            ("a?zip_code=1&tokens=2&passwordless=3", "a?zip_code=1&tokens=2&passwordless=3"),
        ] {
            assert_eq!(without_secrets(given), kept, "{given}");
        }
    }
}
