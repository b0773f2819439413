//! The kinds of providers as data: where each answers, what it is asked for, how it says who somebody is, and a mapper that
//! works. Names are Kratos' (Kratos: selfservice/strategy/oidc/provider_config.go). Addresses are from the providers' own
//! documents; what needs code is a variant of [`Profile`], and its code is in `crate::social::profile`.

/// One kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kind {
    /// As in `provider:`.
    pub name: &'static str,
    /// For people.
    pub label: &'static str,
    /// Fixed by the provider; empty where the configuration says it, or where there is none (OAuth2 alone).
    pub issuer: &'static str,
    /// OAuth2 alone: where to send people, where codes are exchanged.
    pub auth_url: &'static str,
    pub token_url: &'static str,
    pub profile: Profile,
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
    /// OpenID Connect: the id_token.
    Token,
    /// OAuth2 alone: one document at that address.
    Document(&'static str),
    /// `userinfo_url` of the configuration.
    Configured,
    /// Two documents: the person and their addresses.
    GitHub,
    /// A document of the Graph API, asked for with a proof of the client's secret.
    Facebook,
}

/// Takes an address that the provider has checked, and says so.
const CHECKED: &str = "local claims = std.extVar('claims');\n{ identity: {\n  traits: { [if 'email' in claims then 'email']: claims.email },\n  verified_addresses: if std.get(claims, 'email_verified', false) && 'email' in claims then [{ via: 'email', value: claims.email }] else [],\n} }\n";

/// Takes an address without believing it.
const UNCHECKED: &str = "local claims = std.extVar('claims');\n{ identity: { traits: { [if 'email' in claims then 'email']: claims.email } } }\n";

const OPENID: &[&str] = &["openid", "email", "profile"];

/// Every kind that works.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "generic",
        label: "OpenID Connect",
        issuer: "",
        auth_url: "",
        token_url: "",
        profile: Profile::Token,
        scope: OPENID,
        vouches: false,
        enter: "For any OpenID provider (Okta, Zitadel, Authentik, your own): make a web application there, copy its client id, secret and issuer. For OAuth2 without OpenID give `auth_url`, `token_url` and `userinfo_url` instead of `issuer_url`.",
        mapper: CHECKED,
    },
    Kind {
        name: "google",
        label: "Google",
        issuer: "https://accounts.google.com",
        auth_url: "",
        token_url: "",
        profile: Profile::Token,
        scope: OPENID,
        vouches: true,
        enter: "Google Cloud console, APIs & Services, Credentials: an OAuth client ID of the type Web application.",
        mapper: CHECKED,
    },
    Kind {
        name: "github",
        label: "GitHub",
        issuer: "",
        auth_url: "https://github.com/login/oauth/authorize",
        token_url: "https://github.com/login/oauth/access_token",
        profile: Profile::GitHub,
        scope: &["user:email"],
        vouches: true,
        enter: "GitHub, Settings, Developer settings: an OAuth App. The authorization callback URL is the redirect URI.",
        mapper: CHECKED,
    },
    Kind {
        name: "gitlab",
        label: "GitLab",
        issuer: "https://gitlab.com",
        auth_url: "",
        token_url: "",
        profile: Profile::Token,
        scope: OPENID,
        vouches: true,
        enter: "GitLab, Preferences, Applications: confidential, with the scopes openid, email and profile. For a GitLab of your own set `issuer_url`.",
        mapper: CHECKED,
    },
    Kind {
        name: "microsoft",
        label: "Microsoft",
        issuer: "https://login.microsoftonline.com/{tenant}/v2.0",
        auth_url: "",
        token_url: "",
        profile: Profile::Token,
        scope: OPENID,
        // An administrator of any tenant can write any address into it.
        vouches: false,
        enter: "Microsoft Entra admin center, App registrations: platform Web. Give the tenant as `microsoft_tenant`: an id, a domain, `organizations`, `consumers` or `common`.",
        mapper: UNCHECKED,
    },
    Kind {
        name: "apple",
        label: "Apple",
        issuer: "https://appleid.apple.com",
        auth_url: "",
        token_url: "",
        profile: Profile::Token,
        scope: &["openid", "email"],
        vouches: true,
        enter: "Apple Developer, Identifiers: a Services ID (the client id) with Sign in with Apple; Keys: a private key. Give `apple_team_id`, `apple_private_key_id` and `apple_private_key`; there is no client secret to enter.",
        mapper: CHECKED,
    },
    Kind {
        name: "discord",
        label: "Discord",
        issuer: "",
        auth_url: "https://discord.com/oauth2/authorize",
        token_url: "https://discord.com/api/oauth2/token",
        profile: Profile::Document("https://discord.com/api/users/@me"),
        scope: &["identify", "email"],
        vouches: true,
        enter: "Discord Developer Portal: an application, OAuth2. Copy client id and secret, add the redirect URI.",
        mapper: CHECKED,
    },
    Kind {
        name: "facebook",
        label: "Facebook",
        issuer: "",
        auth_url: "https://www.facebook.com/dialog/oauth",
        token_url: "https://graph.facebook.com/oauth/access_token",
        profile: Profile::Facebook,
        scope: &["email", "public_profile"],
        vouches: false,
        enter: "Meta for Developers: an app with Facebook Login; add the redirect URI under Valid OAuth Redirect URIs.",
        mapper: UNCHECKED,
    },
    Kind {
        name: "linkedin_v2",
        label: "LinkedIn",
        issuer: "",
        auth_url: "https://www.linkedin.com/oauth/v2/authorization",
        token_url: "https://www.linkedin.com/oauth/v2/accessToken",
        // Its id_token carries no nonce, so that the document behind the access token is the better witness.
        profile: Profile::Document("https://api.linkedin.com/v2/userinfo"),
        scope: OPENID,
        vouches: true,
        enter: "LinkedIn Developers: an app with the product Sign In with LinkedIn using OpenID Connect.",
        mapper: CHECKED,
    },
    Kind {
        name: "slack",
        label: "Slack",
        issuer: "https://slack.com",
        auth_url: "",
        token_url: "",
        profile: Profile::Token,
        scope: OPENID,
        vouches: true,
        enter: "Slack API: an app, OAuth & Permissions. Add the redirect URI and the user scopes openid, email and profile.",
        mapper: CHECKED,
    },
    Kind {
        name: "spotify",
        label: "Spotify",
        issuer: "",
        auth_url: "https://accounts.spotify.com/authorize",
        token_url: "https://accounts.spotify.com/api/token",
        profile: Profile::Document("https://api.spotify.com/v1/me"),
        scope: &["user-read-email"],
        // Spotify says of its addresses that they are not verified.
        vouches: false,
        enter: "Spotify for Developers: an app with the Web API; add the redirect URI.",
        mapper: UNCHECKED,
    },
    Kind {
        name: "auth0",
        label: "Auth0",
        issuer: "",
        auth_url: "",
        token_url: "",
        profile: Profile::Token,
        scope: OPENID,
        vouches: false,
        enter: "Auth0, Applications: a Regular Web Application. The issuer is `https://` and its domain, with a slash at the end.",
        mapper: CHECKED,
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

/// Kratos' further names, which are not there yet.
pub(super) const LATER: &[&str] = &[
    "github-app",
    "salesforce",
    "vk",
    "yandex",
    "netid",
    "dingtalk",
    "patreon",
    "line",
    "linkedin",
    "lark",
    "x",
    "fedcm-test",
    "amazon",
    "uaepass",
    "jackson",
];

pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
