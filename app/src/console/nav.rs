//! Where the console's pages are: one table of paths, titles and groups. The frame draws the navigation from it, pages link by it.
//! It knows no page.

use engine::operators::Role;
use engine::settings::table::Page;

/// A page of the navigation.
#[derive(Debug)]
pub struct Place {
    pub path: &'static str,
    pub title: &'static str,
    pub group: Group,
    /// The outline of an icon of 18 by 18.
    pub icon: &'static str,
    /// Who may open it. Others see that it exists, and for whom.
    pub role: Role,
    /// It exists only while emails are kept here.
    pub needs_mailbox: bool,
    pub badge: Badge,
    /// Its settings in the table, if it has any.
    pub settings: Option<Page>,
}

/// What users look for together. A group without pages is not shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Group {
    /// Its one page has its name.
    Overview,
    Users,
    Authentication,
    Email,
    /// Its one page has its name.
    Webhooks,
    Configuration,
}

impl Group {
    pub const ALL: [Self; 6] =
        [Self::Overview, Self::Users, Self::Authentication, Self::Email, Self::Webhooks, Self::Configuration];

    /// `None`: the page under it says the same.
    pub fn title(self) -> Option<&'static str> {
        match self {
            Self::Overview | Self::Webhooks => None,
            Self::Users => Some("Users"),
            Self::Authentication => Some("Authentication"),
            Self::Email => Some("Email"),
            Self::Configuration => Some("Configuration"),
        }
    }
}

/// What is next to a page's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Badge {
    None,
    /// Errors and dangers of the active configuration.
    Issues,
    /// Whether email delivery is failing.
    Delivery,
}

const fn place(path: &'static str, title: &'static str, group: Group, icon: &'static str) -> Place {
    Place {
        path,
        title,
        group,
        icon,
        role: Role::Viewer,
        needs_mailbox: false,
        badge: Badge::None,
        settings: None,
    }
}

/// A page of settings, as the table of settings has it. A page of rows alone needs nothing else.
const fn settings(page: Page, icon: &'static str) -> Place {
    let about = page.about();
    Place { settings: Some(page), ..place(about.path, about.title, Group::Authentication, icon) }
}

pub const USERS: Place = place(
    "/users",
    "Users",
    Group::Users,
    "M7 8.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM1.75 15.5v-.75a4 4 0 0 1 4-4h2.5a4 4 0 0 1 4 4v.75M12 2.9a3 3 0 0 1 0 5.2M14 10.9a4 4 0 0 1 2.25 3.6v1",
);
pub const OVERVIEW: Place = place(
    "/",
    "Overview",
    Group::Overview,
    "M3 3h4.5v6H3zM10.5 3H15v3.5h-4.5zM10.5 9.5H15V15h-4.5zM3 12h4.5v3H3z",
);
pub const LIMITS: Place = place(
    "/limits",
    "Limits",
    Group::Users,
    "M3.5 14a7 7 0 1 1 11 0M9 10.5l3.5-4M9 11.5a1 1 0 1 0 0-2 1 1 0 0 0 0 2Z",
);
pub const SESSIONS: Place =
    place("/sessions", "Sessions", Group::Users, "M2 3.5h14v8.5H2zM6.5 15.5h5M9 12v3.5");
pub const INVITATIONS: Place = place(
    "/invitations",
    "Invitations",
    Group::Users,
    "M2 5h14v2.25a1.75 1.75 0 0 0 0 3.5V13H2v-2.25a1.75 1.75 0 0 0 0-3.5zM11 5.5v1.25M11 8.5v1M11 11.25v1.25",
);
pub const AUTHENTICATION: Place =
    settings(Page::Authentication, "M4 15.5V7.5a5 5 0 0 1 10 0v8M2 15.5h14M11.25 10v1.5");
pub const EMAIL_VERIFICATION: Place =
    settings(Page::EmailVerification, "M16 8.5V4H2v10h6.5M2.5 4.5 9 9.5l6.5-5M11 13.5l1.75 1.75 3.5-3.75");
pub const RECOVERY: Place =
    settings(Page::Recovery, "M3 9a6 6 0 1 0 1.9-4.4L3 6.5M3 2.75V6.5h3.75M9 6v3.25L11 11");
pub const PASSWORD_POLICY: Place = settings(
    Page::PasswordPolicy,
    "M15.25 6.25a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0ZM9.3 8.7l-6.55 6.55M4.75 13.25l1.75 1.75M7 11l1.25 1.25",
);
pub const ACCOUNT_PROTECTION: Place =
    settings(Page::AccountProtection, "M9 1.75 15 4v5c0 3.5-2.4 6-6 7.25C5.4 15 3 12.5 3 9V4z");
pub const SIGN_IN_FORMS: Place = settings(Page::SignInForms, "M3.5 2.5h11v13h-11zM6 6h6M6 9h6M6.5 12.25h5");
pub const SOCIAL: Place = settings(
    Page::SocialSignIn,
    "M7.5 10.5a3 3 0 0 0 4.3 0l2.6-2.6a3 3 0 0 0-4.3-4.3L9 4.7M10.5 7.5a3 3 0 0 0-4.3 0L3.6 10.1a3 3 0 0 0 4.3 4.3L9 13.3",
);
pub const DELIVERY: Place = Place {
    badge: Badge::Delivery,
    ..place("/mail", "Email delivery", Group::Email, "M2 4h14v10H2zM2.5 4.5 9 9.75l6.5-5.25")
};
pub const MAILBOX: Place = Place {
    role: Role::Owner,
    needs_mailbox: true,
    ..place("/mailbox", "Mailbox", Group::Email, "M2.5 9.5 4.5 3h9l2 6.5V15h-13zM2.5 9.5H6l1 2h4l1-2h3.5")
};
pub const WEBHOOKS: Place =
    place("/webhooks", "Webhooks", Group::Webhooks, "M10 1.75 3.5 10.25H8.5l-.75 6 6.75-8.75h-5z");
pub const CHECKS: Place = Place {
    badge: Badge::Issues,
    ..place(
        "/checks",
        "Checks",
        Group::Configuration,
        "M9 16A7 7 0 1 0 9 2a7 7 0 0 0 0 14ZM6 9.2l2.1 2.1L12.2 7",
    )
};
pub const HISTORY: Place = place(
    "/settings/history",
    "History",
    Group::Configuration,
    "M2.5 3v3.5H6M2.75 6.5A6.75 6.75 0 1 1 2.3 10M9 5.5V9l2.5 1.5",
);
pub const AUDIT: Place = place("/audit", "Audit", Group::Configuration, "M4 2h7l3 3v11H4zM6.5 8h5M6.5 11h5");
pub const OPERATORS: Place = Place {
    role: Role::Owner,
    ..place(
        "/operators",
        "Operators",
        Group::Configuration,
        "M3 3.5h12v12H3zM7 3.5V2h4v1.5M9 9.75a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5ZM6 13.25c.4-1.4 1.6-2 3-2s2.6.6 3 2",
    )
};
/// Above the navigation, and not in it.
pub const SEARCH: Place = place("/search", "Search", Group::Overview, "");
/// Below the navigation.
pub const DOCUMENTATION: Place = place(
    "/documentation",
    "Documentation",
    Group::Overview,
    "M3 3h5a1.5 1.5 0 0 1 1 1.5V15a1.5 1.5 0 0 0-1-1H3zM15 3h-5a1.5 1.5 0 0 0-1 1.5V15a1.5 1.5 0 0 1 1-1h5z",
);
/// In the account menu.
pub const ACCOUNT: Place = place("/account", "Your account", Group::Configuration, "");
pub const TESTER: Place = Place {
    role: Role::Owner,
    ..place(
        "/tester",
        "Sign-up tester",
        Group::Configuration,
        "M7 2v5L2.75 14.5a1 1 0 0 0 .9 1.5h10.7a1 1 0 0 0 .9-1.5L11 7V2M5.75 2h6.5M5 11.5h8",
    )
};

/// In their order.
pub const PLACES: [&Place; 20] = [
    &OVERVIEW,
    &USERS,
    &SESSIONS,
    &INVITATIONS,
    &LIMITS,
    &AUTHENTICATION,
    &EMAIL_VERIFICATION,
    &RECOVERY,
    &PASSWORD_POLICY,
    &ACCOUNT_PROTECTION,
    &SIGN_IN_FORMS,
    &SOCIAL,
    &DELIVERY,
    &MAILBOX,
    &WEBHOOKS,
    &CHECKS,
    &HISTORY,
    &AUDIT,
    &OPERATORS,
    &TESTER,
];

/// The page of the navigation that an address belongs to: its own, or one below it.
pub fn section(address: &str) -> Option<&'static Place> {
    let holds = |path: &str| {
        address.strip_prefix(path).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    };
    PLACES.into_iter().find(|place| holds(place.path))
}

/// Whether a role includes another one.
pub fn includes(role: Role, needed: Role) -> bool {
    let rank = |role| match role {
        Role::Viewer => 0,
        Role::Editor => 1,
        Role::Owner => 2,
    };
    rank(role) >= rank(needed)
}

/// As people read it.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Owner => "Owner",
        Role::Editor => "Editor",
        Role::Viewer => "Viewer",
    }
}

#[cfg(test)]
mod tests {
    use super::{PLACES, section};
    use engine::settings::table::Page;

    #[test]
    fn every_page_of_settings_is_in_the_navigation_at_its_path() {
        for page in Page::ALL.into_iter().filter(|page| page.is_form()) {
            let place = PLACES.into_iter().find(|place| place.settings == Some(page));
            assert_eq!(place.map(|place| place.path), Some(page.about().path), "{page:?}");
        }
    }

    #[test]
    fn an_address_below_a_page_belongs_to_it_and_one_that_only_begins_the_same_does_not() {
        for (address, of) in [
            ("/settings/authentication", Some("/settings/authentication")),
            ("/settings/history/12", Some("/settings/history")),
            ("/webhooks/hook", Some("/webhooks")),
            ("/mail", Some("/mail")),
            ("/mailbox", Some("/mailbox")),
            ("/mailboxes", None),
            ("/settings", None),
            ("/", Some("/")),
            ("/nothing", None),
        ] {
            assert_eq!(section(address).map(|place| place.path), of, "{address}");
        }
    }
}
