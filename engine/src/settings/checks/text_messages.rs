//! Text messages that nobody gets, and those that attackers earn money with.

use super::rule::Severity::{Danger, Warning};
use super::rule::{Found, Rule, Seen};
use crate::config::Countries;
use crate::identity::Via;

const COUNTRIES: &str = "vestibule.sms.countries";
const CHANNELS: &str = "courier.channels";

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        ("text_messages_to_no_country", Danger),
        COUNTRIES,
        "Text messages aren’t sent",
        "A channel for text messages is configured, and no country gets them.",
        no_country,
    ),
    Rule::new(
        ("text_messages_to_every_country", Warning),
        COUNTRIES,
        "Attackers can cause expensive text messages",
        "Text messages go to every country, and messages to some countries cost much more than others.",
        every_country,
    ),
    Rule::new(
        ("phone_numbers_without_channel", Warning),
        CHANNELS,
        "Phone numbers get no codes",
        "The default identity schema marks a phone number, and no channel for text messages is configured.",
        no_channel,
    ),
];

fn no_country(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let none =
        matches!(&seen.config.vestibule.limits.texts.countries, Countries::These(these) if these.is_empty());
    if seen.config.courier.sms.is_some() && none {
        found.push(Found::new(format!(
            "Users with a phone number get no code. List the countries of your users in `{COUNTRIES}`, for example `DE`."
        )));
    }
}

fn every_country(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let countries = &seen.config.vestibule.limits.texts.countries;
    if seen.config.courier.sms.is_some() && *countries == Countries::All {
        found.push(Found::new(format!(
            "Attackers request codes for numbers that earn them money, up to `vestibule.limits.sms.total` a day. List the countries \
             of your users in `{COUNTRIES}`."
        )));
    }
}

fn no_channel(seen: &Seen<'_>, found: &mut Vec<Found>) {
    let marked = seen.config.default_schema().is_some_and(|schema| {
        let schema = &schema.schema;
        schema.verifies(Via::Sms) || schema.recovers(Via::Sms) || schema.signs_in(Via::Sms)
    });
    if marked && !seen.config.writes_to(Via::Sms.name()) {
        found.push(Found::new(format!(
            "Users can’t verify a phone number or get a code on it. Add the channel `sms` to `{CHANNELS}`, or remove `\"via\": \"sms\"` \
             from the identity schema."
        )));
    }
}
