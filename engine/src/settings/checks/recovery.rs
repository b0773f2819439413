//! Recovery that helps nobody, and links that email scanners use up.

use super::rule::Severity::{Error, Warning};
use super::rule::{Found, Rule, Seen};
use crate::config::Confirm;
use crate::identity::Via;
use crate::identity::schema::Schema;
use crate::model::MethodId;

const ENABLED: &str = "selfservice.flows.recovery.enabled";
const CONFIRM: &str = "vestibule.links.confirm";

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        ("recovery_without_its_method", Error),
        ENABLED,
        "No user can recover an account",
        "Recovery is on, and the method that it uses is off.",
        without_method,
    ),
    Rule::new(
        ("recovery_without_addresses", Warning),
        ENABLED,
        "No account has an email to recover it with",
        "Recovery is on, and the default identity schema marks no email for it.",
        without_addresses,
    ),
    Rule::new(
        ("links_used_up_by_scanners", Warning),
        CONFIRM,
        "Email scanners use links up",
        "Links work when they are opened, and email scanners open every link.",
        scanned,
    ),
];

fn without_method(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let flows = &seen.config.selfservice;
    if flows.recovery.enabled && !seen.config.recovers() {
        let method = flows.recovery.by.name();
        let key = if flows.recovery.by == MethodId::Link { LINK } else { CODE };
        found.push(
            Found::new(format!("Recovery uses the method {method}, and `{key}` is off. Turn it on, or choose the other method."))
                .set("Turn the method on", key, true),
        );
    }
}

const LINK: &str = "selfservice.methods.link.enabled";
const CODE: &str = "selfservice.methods.code.enabled";

fn without_addresses(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let schema = seen.config.default_schema();
    let by_text_message =
        seen.config.selfservice.recovery.choose_address && seen.config.writes_to(Via::Sms.name());
    let recovers =
        |schema: &Schema| schema.recovers(Via::Email) || by_text_message && schema.recovers(Via::Sms);
    if seen.config.recovers() && schema.is_some_and(|schema| !recovers(&schema.schema)) {
        let finding = Found::new(
            "Emails are sent only to addresses that the identity schema marks: add `\"ory.sh/kratos\": {\"recovery\": {\"via\": \"email\"}}` \
             to the email, or turn recovery off.",
        );
        found.push(finding.set("Turn recovery off", ENABLED, false));
    }
}

fn scanned(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let link = &seen.config.selfservice.link;
    if link.enabled && link.confirm == Confirm::Never {
        found.push(
            Found::new(format!(
                "`{CONFIRM}` is `never`, so anyone who opens a link is signed in, and an email scanner that opens it first uses it up. With \
                 `emailed`, a page with a button is shown first."
            ))
            .set("Ask first", CONFIRM, "emailed"),
        );
    }
}
