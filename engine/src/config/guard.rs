//! Where outgoing requests from the configuration may go: never to the server itself, and to private networks as Kratos' keys allow.

use super::keys::{BREACH_SERVICE, default_of};
use super::social::Provider;
use super::{ClientKeys, Config, Listener, WebHook};
use crate::effects::Reach;
use url::Url;

impl Config {
    /// Where the call of a web hook may go. One that was made in the console asks the list of hosts, each time anew: a file may have
    /// changed since it was made.
    pub fn reach_of(&self, hook: &WebHook) -> Reach {
        if hook.from_console && !self.vestibule.web_hook_hosts.has(&hook.url) {
            return Reach::Unlisted;
        }
        self.reach(&hook.url)
    }

    /// For requests to a provider, also where it says itself that they go.
    pub fn reach_of_provider(&self, provider: &Provider, url: &Url) -> Reach {
        if provider.addresses_from_console && !self.vestibule.web_hook_hosts.has(url) {
            return Reach::Unlisted;
        }
        let reach = self.reach(url);
        // What a provider says of itself leads no further into the network than the files do.
        let says = reach == Reach::Private && provider.only_says(url) && !is_excepted(&self.clients, url);
        if says { Reach::Public } else { reach }
    }

    /// For the breach check. A host that somebody wrote into a file may stand in their own network; the one that is asked unless
    /// somebody says otherwise is a public one.
    pub fn reach_of_breach_service(&self, url: &Url) -> Reach {
        let reach = self.reach(url);
        let named = self.selfservice.password.haveibeenpwned_host != default_of(BREACH_SERVICE);
        if named || reach != Reach::Private { reach } else { Reach::Public }
    }

    /// For webhooks and their templates, and identity schemas.
    pub fn reach(&self, url: &Url) -> Reach {
        reach([&self.serve.public, &self.serve.admin, &self.vestibule.console], &self.clients, url)
    }
}

/// Whoever reaches our admin API from here is taken for this machine, so neither the addresses that we listen on nor those
/// that we are known by are ever called.
pub(super) fn reach(own: [&Listener; 3], clients: &ClientKeys, url: &Url) -> Reach {
    if own.iter().any(|listener| is_below(&listener.base_url, url)) {
        return Reach::Nowhere;
    }
    if url.port_or_known_default().is_some_and(|port| own.iter().any(|listener| listener.port == port)) {
        return Reach::Elsewhere;
    }
    if clients.disallow_private && !is_excepted(clients, url) { Reach::Public } else { Reach::Private }
}

fn is_excepted(clients: &ClientKeys, url: &Url) -> bool {
    clients.private_exceptions.iter().any(|allowed| allowed == url.as_str())
}

/// Whether `url` is an address of the site at `base`, which may have a path of its own.
fn is_below(base: &Url, url: &Url) -> bool {
    let host = |url: &Url| url.host_str().map(|host| host.trim_end_matches('.').to_owned());
    let folder = base.path().trim_end_matches('/');
    host(base) == host(url)
        && base.port_or_known_default() == url.port_or_known_default()
        && url.path().strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(port: u16, base: &str) -> Listener {
        Listener::new("0.0.0.0".into(), port, base.into(), base.parse().unwrap())
    }

    #[test]
    fn neither_our_addresses_nor_our_names_are_called() {
        let (public, admin, console) = (
            listener(4433, "https://example.org/.ory/"),
            listener(4434, "http://admin.internal:4434/"),
            listener(4435, "https://console.example.org/"),
        );
        let clients =
            ClientKeys { disallow_private: false, private_exceptions: vec![], header_allowlist: vec![] };
        let to = |url: &str| reach([&public, &admin, &console], &clients, &url.parse().unwrap());
        for own in [
            "https://example.org/.ory/self-service",
            "https://EXAMPLE.org:443/x/../.ory",
            "https://example.org./.ory/",
            "http://admin.internal:4434/admin/identities",
            "https://console.example.org/",
        ] {
            assert_eq!(to(own), Reach::Nowhere, "{own}");
        }
        assert_eq!(to("http://10.0.0.7:4434/"), Reach::Elsewhere);
        for other in [
            "https://example.org/crm",
            "https://example.org/.oryx",
            "http://console.example.org/",
            "http://10.0.0.7/",
        ] {
            assert_eq!(to(other), Reach::Private, "{other}");
        }
    }

    #[test]
    fn private_networks_follow_kratos_keys() {
        let own = listener(1, "http://own.example/");
        let clients = ClientKeys {
            disallow_private: true,
            private_exceptions: vec!["http://10.0.0.7/new".into()],
            header_allowlist: vec![],
        };
        let to = |url: &str| reach([&own, &own, &own], &clients, &url.parse().unwrap());
        assert_eq!((to("http://10.0.0.7/new"), to("http://10.0.0.7/old")), (Reach::Private, Reach::Public));
    }
}
