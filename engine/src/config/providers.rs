//! The kinds of providers as data: endpoints, scopes, the source of the profile, and a default claims mapping. Names are Kratos' (Kratos:
//! selfservice/strategy/oidc/provider_config.go). URLs are from the providers' documentation. A kind that needs code is a variant of
//! [`Profile`], with its code in `crate::social::profile`.

/// One kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// As in `provider:`.
    pub name: &'static str,
    /// For display.
    pub label: &'static str,
    /// Fixed by the provider; empty where the configuration says it, or where there is none (OAuth2 alone).
    pub issuer: &'static str,
    /// OAuth2 alone: where to send people, where codes are exchanged, and what claims say as `iss`, empty for the address of tokens.
    pub auth_url: &'static str,
    pub token_url: &'static str,
    pub calls_itself: &'static str,
    pub profile: Profile,
    pub exchange: Exchange,
    /// Parameters of the address that people leave to, beside those that every provider gets.
    pub parameters: &'static [(&'static str, &'static str)],
    /// The provider supports PKCE, but no discovery document says so.
    pub takes_proof_keys: bool,
    /// What is asked for unless the configuration says.
    pub scope: &'static [&'static str],
    /// Its word on an address counts as proof unless `vestibule.social.trusted_email_providers` says otherwise: it hands out addresses of
    /// its own, or tells apart those it has checked, and nobody else can sign in with them there.
    pub vouches: bool,
    /// What to enter at the provider and here, in one or two sentences.
    pub enter: &'static str,
    /// A Jsonnet mapper for the schema `preset://email`.
    pub mapper: &'static str,
}

/// How claims are got at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// OpenID Connect: the id_token, of a provider that describes itself.
    Token,
    /// The same, with the userinfo endpoint's claims over the token's.
    TokenAndUserinfo,
    /// The id_token of a provider whose addresses the configuration says, the keys' beside that of tokens.
    UndescribedToken,
    /// OAuth2 alone: one document at that address.
    Document(&'static str),
    /// The same, where the access token goes into a header of its own: its name, and what stands before the token.
    Shown(&'static str, (&'static str, &'static str)),
    /// OAuth2 alone, at paths below `issuer_url`: where to send people, where codes are exchanged, and the document.
    Below([&'static str; 3]),
    /// Two documents: the person and their addresses.
    GitHub,
    /// The same, in LinkedIn's first API.
    LinkedIn,
    /// A document of the Graph API, asked for with a proof of the client's secret.
    Facebook,
    /// A document whose address holds the access token; the person's address comes with the token.
    Vk,
}

/// How the code is exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Client id and secret stand in the header, unless the provider says that it takes them in the form alone (RFC 6749 §2.3.1).
    Header,
    /// In the form, together with these fields.
    Form(&'static [(&'static str, &'static str)]),
    /// A document in JSON, with names of its own.
    DingTalk,
}

impl Kind {
    /// What holds for most of them: OpenID Connect, described by the provider.
    const OPEN: Self = Self {
        name: "",
        label: "",
        issuer: "",
        auth_url: "",
        token_url: "",
        calls_itself: "",
        profile: Profile::Token,
        exchange: Exchange::Header,
        parameters: &[],
        takes_proof_keys: false,
        scope: OPENID,
        vouches: false,
        enter: "",
        mapper: UNCHECKED,
    };

    /// Whether it signs its word. `generic` may do without: see [`super::social::Provider::signs`].
    pub fn signs(&self) -> bool {
        matches!(self.profile, Profile::Token | Profile::TokenAndUserinfo | Profile::UndescribedToken)
    }

    /// Whether `issuer_url` says where it is. The others are where they are.
    pub fn has_issuer(&self) -> bool {
        self.signs() || matches!(self.profile, Profile::Below(_))
    }

    /// Whether the configuration has to set it.
    pub fn needs_issuer(&self) -> bool {
        self.has_issuer() && self.issuer.is_empty()
    }

    /// Whether the configuration has to set the endpoints.
    pub fn needs_addresses(&self) -> bool {
        self.profile == Profile::UndescribedToken
    }
}

/// Takes an address that the provider has checked, and says so.
const CHECKED: &str = "local claims = std.extVar('claims');\nlocal email = std.get(claims, 'email');\n{ identity: {\n  traits: { [if std.isString(email) then 'email']: email },\n  verified_addresses: if std.get(claims, 'email_verified') == true && std.isString(email) then [{ via: 'email', value: email }] else [],\n} }\n";

/// Takes an address without believing it.
const UNCHECKED: &str = "local email = std.get(std.extVar('claims'), 'email');\n{ identity: { traits: { [if std.isString(email) then 'email']: email } } }\n";

const OPENID: &[&str] = &["openid", "email", "profile"];

/// Every kind that works.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "generic",
        label: "OpenID Connect",
        enter: "For any OpenID Connect provider (Okta, Zitadel, Authentik, your own): create a web application there, then copy its client ID, secret and issuer. For OAuth 2.0 without OpenID Connect, set `auth_url`, `token_url` and `userinfo_url` instead of `issuer_url`.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "google",
        label: "Google",
        issuer: "https://accounts.google.com",
        vouches: true,
        enter: "Google Cloud console, APIs & Services, Credentials: an OAuth client ID of the type Web application.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "github",
        label: "GitHub",
        auth_url: "https://github.com/login/oauth/authorize",
        token_url: "https://github.com/login/oauth/access_token",
        profile: Profile::GitHub,
        exchange: Exchange::Form(&[]),
        scope: &["user:email"],
        vouches: true,
        enter: "GitHub, Settings, Developer settings: an OAuth App. The authorization callback URL is the redirect URI.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "gitlab",
        label: "GitLab",
        issuer: "https://gitlab.com",
        vouches: true,
        enter: "GitLab, Preferences, Applications: confidential, with the scopes openid, email and profile. For a self-managed GitLab, set `issuer_url`.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "microsoft",
        label: "Microsoft",
        issuer: "https://login.microsoftonline.com/{tenant}/v2.0",
        // It vouches for nobody: an administrator of any tenant can write any address into it.
        enter: "Microsoft Entra admin center, App registrations: platform Web. Set `microsoft_tenant` to the tenant: an ID, a domain, `organizations`, `consumers` or `common`.",
        ..Kind::OPEN
    },
    Kind {
        name: "apple",
        label: "Apple",
        issuer: "https://appleid.apple.com",
        exchange: Exchange::Form(&[]),
        scope: &["openid", "email"],
        vouches: true,
        enter: "Apple Developer, Identifiers: a Services ID (the client ID) with Sign in with Apple; Keys: a private key. Set `apple_team_id`, `apple_private_key_id` and `apple_private_key`. There is no client secret.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "discord",
        label: "Discord",
        auth_url: "https://discord.com/oauth2/authorize",
        token_url: "https://discord.com/api/oauth2/token",
        profile: Profile::Document("https://discord.com/api/users/@me"),
        scope: &["identify", "email"],
        vouches: true,
        enter: "Discord Developer Portal: an application, OAuth2. Copy the client ID and secret, and add the redirect URI.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "facebook",
        label: "Facebook",
        auth_url: "https://www.facebook.com/dialog/oauth",
        token_url: "https://graph.facebook.com/oauth/access_token",
        profile: Profile::Facebook,
        exchange: Exchange::Form(&[]),
        scope: &["email", "public_profile"],
        enter: "Meta for Developers: an app with Facebook Login; add the redirect URI under Valid OAuth Redirect URIs.",
        ..Kind::OPEN
    },
    Kind {
        name: "linkedin_v2",
        label: "LinkedIn",
        auth_url: "https://www.linkedin.com/oauth/v2/authorization",
        token_url: "https://www.linkedin.com/oauth/v2/accessToken",
        // Its id_token carries no nonce, so that the document behind the access token is the better witness.
        profile: Profile::Document("https://api.linkedin.com/v2/userinfo"),
        exchange: Exchange::Form(&[]),
        vouches: true,
        enter: "LinkedIn Developers: an app with the product Sign In with LinkedIn using OpenID Connect.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "slack",
        label: "Slack",
        issuer: "https://slack.com",
        vouches: true,
        enter: "Slack API: an app, OAuth & Permissions. Add the redirect URI and the user scopes openid, email and profile.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "spotify",
        label: "Spotify",
        auth_url: "https://accounts.spotify.com/authorize",
        token_url: "https://accounts.spotify.com/api/token",
        profile: Profile::Document("https://api.spotify.com/v1/me"),
        scope: &["user-read-email"],
        // It vouches for nobody: Spotify says of its addresses that they are not verified.
        enter: "Spotify for Developers: an app with the Web API; add the redirect URI.",
        ..Kind::OPEN
    },
    Kind {
        name: "auth0",
        label: "Auth0",
        enter: "Auth0, Applications: a Regular Web Application. The issuer is `https://` and its domain, with a trailing slash.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "github-app",
        label: "GitHub",
        auth_url: "https://github.com/login/oauth/authorize",
        token_url: "https://github.com/login/oauth/access_token",
        profile: Profile::GitHub,
        exchange: Exchange::Form(&[]),
        // What it may do is said at GitHub.
        scope: &[],
        vouches: true,
        enter: "GitHub, Settings, Developer settings: a GitHub App with the account permission Email addresses, read-only. The callback URL is the redirect URI.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "salesforce",
        label: "Salesforce",
        profile: Profile::Below([
            "services/oauth2/authorize",
            "services/oauth2/token",
            "services/oauth2/userinfo",
        ]),
        enter: "Salesforce Setup, App Manager: a connected app with OAuth and the scopes openid, email and profile. The issuer is `https://login.salesforce.com` or your own domain there.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "vk",
        label: "VK",
        auth_url: "https://oauth.vk.com/authorize",
        token_url: "https://oauth.vk.com/access_token",
        calls_itself: "https://api.vk.com/method/users.get",
        profile: Profile::Vk,
        exchange: Exchange::Form(&[]),
        scope: &["email"],
        enter: "VK for developers: a website app. Copy its ID and secure key, and add the redirect URI.",
        ..Kind::OPEN
    },
    Kind {
        name: "yandex",
        label: "Yandex",
        auth_url: "https://oauth.yandex.com/authorize",
        token_url: "https://oauth.yandex.com/token",
        calls_itself: "https://login.yandex.ru/info",
        profile: Profile::Shown("https://login.yandex.ru/info?format=json", ("Authorization", "OAuth ")),
        exchange: Exchange::Form(&[]),
        scope: &["login:email", "login:info"],
        enter: "Yandex OAuth: a web service with access to the email and the profile.",
        ..Kind::OPEN
    },
    Kind {
        name: "netid",
        label: "netID",
        issuer: "https://broker.netid.de/",
        profile: Profile::TokenAndUserinfo,
        enter: "netID Developer Portal: a service with a client. Copy the client ID and secret, and add the redirect URI.",
        mapper: CHECKED,
        ..Kind::OPEN
    },
    Kind {
        name: "dingtalk",
        label: "DingTalk",
        auth_url: "https://login.dingtalk.com/oauth2/auth",
        token_url: "https://api.dingtalk.com/v1.0/oauth2/userAccessToken",
        calls_itself: "https://api.dingtalk.com/v1.0/contact/users/me",
        profile: Profile::Shown(
            "https://api.dingtalk.com/v1.0/contact/users/me",
            ("x-acs-dingtalk-access-token", ""),
        ),
        exchange: Exchange::DingTalk,
        parameters: &[("prompt", "consent")],
        scope: &["openid"],
        enter: "DingTalk Open Platform: an app with sign-in. Its AppKey is the client ID, and its AppSecret the client secret.",
        ..Kind::OPEN
    },
    Kind {
        name: "patreon",
        label: "Patreon",
        auth_url: "https://www.patreon.com/oauth2/authorize",
        token_url: "https://www.patreon.com/api/oauth2/token",
        calls_itself: "https://www.patreon.com/",
        profile: Profile::Document(
            "https://www.patreon.com/api/oauth2/v2/identity?fields%5Buser%5D=first_name,last_name,url,full_name,email,image_url",
        ),
        exchange: Exchange::Form(&[]),
        scope: &["identity", "identity[email]"],
        enter: "Patreon, Clients & API Keys: a client of API version 2.",
        ..Kind::OPEN
    },
    Kind {
        name: "line",
        label: "LINE",
        issuer: "https://access.line.me",
        // Asked for a key set, LINE signs with ES256; else with the secret, which proves nothing.
        exchange: Exchange::Form(&[("id_token_key_type", "JWK")]),
        enter: "LINE Developers: a LINE Login channel for web apps. To get emails, apply for the email permission there.",
        ..Kind::OPEN
    },
    Kind {
        name: "linkedin",
        label: "LinkedIn",
        auth_url: "https://www.linkedin.com/oauth/v2/authorization",
        token_url: "https://www.linkedin.com/oauth/v2/accessToken",
        calls_itself: "https://login.linkedin.com/",
        profile: Profile::LinkedIn,
        exchange: Exchange::Form(&[]),
        scope: &["r_liteprofile", "r_emailaddress"],
        enter: "For apps from before August 2023 with LinkedIn's first API. For new apps, use `linkedin_v2`.",
        ..Kind::OPEN
    },
    Kind {
        name: "lark",
        label: "Lark",
        auth_url: "https://passport.feishu.cn/suite/passport/oauth/authorize",
        token_url: "https://passport.feishu.cn/suite/passport/oauth/token",
        calls_itself: "https://passport.feishu.cn/suite/passport/oauth/userinfo",
        profile: Profile::Document("https://passport.feishu.cn/suite/passport/oauth/userinfo"),
        exchange: Exchange::Form(&[]),
        scope: &[],
        enter: "Feishu Open Platform: an app. Its App ID is the client ID, and its App Secret the client secret.",
        ..Kind::OPEN
    },
    Kind {
        name: "amazon",
        label: "Amazon",
        auth_url: "https://www.amazon.com/ap/oa",
        token_url: "https://api.amazon.com/auth/o2/token",
        profile: Profile::Shown("https://api.amazon.com/user/profile", ("x-amz-access-token", "")),
        exchange: Exchange::Form(&[]),
        scope: &["profile"],
        enter: "Login with Amazon: a security profile. Add the redirect URI under Allowed Return URLs.",
        ..Kind::OPEN
    },
    Kind {
        name: "jackson",
        label: "SAML",
        profile: Profile::UndescribedToken,
        enter: "Ory Polis (SAML Jackson): a SAML connection. Enter its issuer, `https://HOST/api/oauth/authorize` as `auth_url` and `https://HOST/api/oauth/token` as `token_url`.",
        ..Kind::OPEN
    },
    Kind {
        name: "uaepass",
        label: "UAE PASS",
        issuer: "https://id.uaepass.ae",
        profile: Profile::Below(["idshub/authorize", "idshub/token", "idshub/userinfo"]),
        parameters: &[("acr_values", "urn:safelayer:tws:policies:authentication:level:low")],
        takes_proof_keys: true,
        scope: &["urn:uae:digitalid:profile:general"],
        enter: "UAE PASS assigns you a client ID and secret. For its staging system, set `issuer_url: https://stg-id.uaepass.ae`.",
        ..Kind::OPEN
    },
];

/// Further entries of a gallery that are `generic` with values of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    pub name: &'static str,
    pub label: &'static str,
    pub issuer: &'static str,
    pub enter: &'static str,
}

pub const PRESETS: &[Preset] = &[
    Preset {
        name: "keycloak",
        label: "Keycloak",
        issuer: "https://HOST/realms/REALM",
        enter: "Keycloak, Clients: OpenID Connect with client authentication and the standard flow; the secret is under Credentials.",
    },
    Preset {
        name: "twitch",
        label: "Twitch",
        issuer: "https://id.twitch.tv/oauth2",
        enter: "Twitch Developer Console: an application of the type confidential. Scopes `openid` and `user:read:email`, and `requested_claims: {id_token: {email: null, email_verified: null}}`.",
    },
    Preset {
        name: "okta",
        label: "Okta",
        issuer: "https://HOST.okta.com",
        enter: "Okta, Applications: an OIDC web application.",
    },
];

/// Kratos' further names, and why there is nothing behind them.
pub(super) const ABSENT: [(&str, &str); 2] = [
    ("x", "X uses OAuth 1.0a, which has neither scopes nor PKCE"),
    ("fedcm-test", "it is for tests of Kratos"),
];

pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
