//! What a webhook's answer means for a flow, judged where it enters: only 2xx agrees, and a body is taken within bounds. An
//! answer that breaks one is a fault of the service, never a yes.

use crate::config::WebHook;
use crate::config::hooks::Response;
use crate::effects::Answer;
use crate::effects::document::{self, OF_A_WEBHOOK, OF_AN_ACCOUNT};
use crate::identity::address::is_email;
use crate::identity::change::{GivenAddress, IdentityChange, Mark};
use crate::identity::phone::is_phone_number;
use crate::identity::verification::VerifiedBy;
use crate::ui::{Text, TextKind};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Messages that a form shows of one refusal.
const MESSAGES: usize = 20;
/// Characters of one message.
const TEXT: usize = 1_000;
/// Characters of a field's name.
const NAME: usize = 256;
/// Bytes of a message's context.
const CONTEXT: usize = 4 << 10;
/// Message ids are numbers for JavaScript, too: no larger one arrives as it was sent.
const LARGEST_ID: u64 = (1 << 53) - 1;
/// Addresses of either kind.
const ADDRESSES: usize = 32;
/// Characters of an `external_id`.
const EXTERNAL_ID: usize = 255;

/// What the other service says.
#[derive(Debug, PartialEq)]
pub enum HookDecision {
    Continue,
    /// To be merged into the account before it is stored.
    Modify(Box<Changes>),
    /// By field, as [`crate::ui::Container::attach`] takes them.
    Reject(Vec<(String, Text)>),
}

/// Members that are there replace the account's own, whole (contract: nothing is merged).
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Changes {
    pub traits: Option<Value>,
    pub schema_id: Option<String>,
    pub state: Option<crate::identity::State>,
    pub verifiable_addresses: Vec<Address>,
    pub recovery_addresses: Vec<Address>,
    /// `null` clears.
    #[serde(deserialize_with = "there")]
    pub metadata_public: Option<Value>,
    #[serde(deserialize_with = "there")]
    pub metadata_admin: Option<Value>,
    #[serde(deserialize_with = "there")]
    pub external_id: Option<Option<String>>,
}

/// An address as a hook writes it.
#[derive(Debug, PartialEq, Deserialize)]
pub struct Address {
    pub value: String,
    pub via: String,
    #[serde(default)]
    pub verified: bool,
}

/// Addresses that a service names are new ones, whatever the account has: nothing is merged. Those of an empty list are the traits'.
impl From<Changes> for IdentityChange {
    fn from(changes: Changes) -> Self {
        let given = |list: Vec<Address>| {
            let given = |address: Address| GivenAddress {
                value: address.value,
                via: address.via,
                mark: Mark::New(address.verified.then_some(VerifiedBy::Hook)),
            };
            (!list.is_empty()).then(|| list.into_iter().map(given).collect())
        };
        Self {
            schema_id: changes.schema_id,
            traits: changes.traits,
            verifiable: given(changes.verifiable_addresses),
            recovery: given(changes.recovery_addresses),
            state: changes.state,
            metadata_public: changes.metadata_public,
            metadata_admin: changes.metadata_admin,
            external_id: changes.external_id,
            ..Self::default()
        }
    }
}

/// `null` is a value here, and not the same as nothing.
fn there<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Status and body, as the contract reads them.
///
/// # Errors
/// What is wrong with the answer, for the log.
pub(super) fn interpret(hook: &WebHook, answer: &Answer) -> Result<HookDecision, String> {
    match answer.status {
        200 if hook.response == Response::Changes => {
            let body = read(&answer.body)?;
            let Some(wanted) = body.get("identity").filter(|wanted| !wanted.is_null()) else {
                return Ok(HookDecision::Continue);
            };
            // A list would be read as well, member by member in their order.
            if !wanted.is_object() {
                return Err("its answer cannot be read: `identity` is not an object".to_owned());
            }
            let changes = Changes::deserialize(wanted)
                .map_err(|failure| format!("its answer cannot be read: {failure}"))?;
            changes.check()?;
            Ok(HookDecision::Modify(Box::new(changes)))
        }
        _ if answer.is_success() => Ok(HookDecision::Continue),
        status @ 300..400 => {
            Err(format!("it answered {status}: a redirect is not followed, and agrees to nothing"))
        }
        status @ 400..500 if hook.blocks() && status != 429 => {
            let messages = read(&answer.body).ok().and_then(messages);
            let silent = || format!("it refused with {status} and without messages for the form");
            messages.map(HookDecision::Reject).ok_or_else(silent)
        }
        status => Err(format!("it answered {status}")),
    }
}

fn read(body: &[u8]) -> Result<Value, String> {
    let body = document::read(body, OF_A_WEBHOOK);
    let body = body.map_err(|unfit| format!("its answer cannot be read: {unfit}"))?;
    if body.is_object() { Ok(body) } else { Err("its answer cannot be read: it is not an object".to_owned()) }
}

impl Changes {
    /// Traits are the schema's to judge; this is for what no schema describes.
    fn check(&self) -> Result<(), String> {
        let documents = [
            ("traits", &self.traits),
            ("metadata_public", &self.metadata_public),
            ("metadata_admin", &self.metadata_admin),
        ];
        for (name, document) in documents {
            let Some(document) = document else { continue };
            document::judge(document, OF_AN_ACCOUNT)
                .map_err(|unfit| format!("`identity.{name}` is not taken: {unfit}"))?;
        }
        for (name, list) in [
            ("verifiable_addresses", &self.verifiable_addresses),
            ("recovery_addresses", &self.recovery_addresses),
        ] {
            if list.len() > ADDRESSES {
                return Err(format!("`identity.{name}` has more than {ADDRESSES} entries"));
            }
            for (index, address) in list.iter().enumerate() {
                let fits = match address.via.as_str() {
                    "email" => is_email(&address.value),
                    "sms" => is_phone_number(&address.value),
                    _ => {
                        return Err(format!("`identity.{name}[{index}].via` is neither `email` nor `sms`"));
                    }
                };
                if !fits {
                    return Err(format!("`identity.{name}[{index}].value` is no address of that kind"));
                }
            }
        }
        let id = self.external_id.iter().flatten().next().map(String::as_str).unwrap_or_default();
        if id.chars().count() > EXTERNAL_ID || id.chars().any(char::is_control) {
            return Err(format!(
                "`identity.external_id` is longer than {EXTERNAL_ID} characters, or has control characters"
            ));
        }
        Ok(())
    }
}

/// `None`: not one that could be shown.
fn messages(body: Value) -> Option<Vec<(String, Text)>> {
    #[derive(Deserialize)]
    struct Body {
        messages: Vec<AtNode>,
    }
    #[derive(Deserialize)]
    struct AtNode {
        #[serde(default)]
        instance_ptr: String,
        messages: Vec<Message>,
    }
    #[derive(Deserialize)]
    struct Message {
        #[serde(default)]
        id: u64,
        text: String,
        #[serde(default, rename = "type")]
        kind: String,
        #[serde(default)]
        context: Map<String, Value>,
    }
    let body: Body = serde_json::from_value(body).ok()?;
    let mut all = Vec::new();
    for at in body.messages {
        let name = field(&at.instance_ptr);
        for message in at.messages {
            if message.id > LARGEST_ID {
                return None;
            }
            let kind = if message.kind == "error" { TextKind::Error } else { TextKind::Info };
            let context = message.context;
            let small = Value::Object(context.clone()).to_string().len() <= CONTEXT;
            let context = if small { context } else { Map::new() };
            all.push((name.clone(), Text { id: message.id, text: shown(&message.text), kind, context }));
        }
    }
    all.truncate(MESSAGES);
    (!all.is_empty()).then_some(all)
}

/// `#/traits/name/first` → `traits.name.first`. What is no name of a field leads to the form itself, where the message is
/// shown all the same: names become ids of elements on pages.
fn field(pointer: &str) -> String {
    let name = pointer.trim_start_matches('#').trim_matches('/').replace('/', ".");
    let fits = name.chars().all(|letter| letter.is_alphanumeric() || "._-~".contains(letter));
    if fits && name.len() <= NAME { name } else { String::new() }
}

/// One line of text as a page can show it: without control characters and those that turn the direction of what follows.
fn shown(text: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .filter(|letter| !turns(*letter))
        .take(TEXT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_name_fields() {
        let body = json!({"messages": [
            {"instance_ptr": "#/traits/name/first", "messages": [{"id": 7, "text": "x", "type": "error"}]},
            {"instance_ptr": "#/", "messages": [{"text": "y", "type": "success"}]},
        ]});
        let found = messages(body).unwrap();
        assert_eq!(
            (found[0].0.as_str(), found[0].1.id, found[0].1.kind),
            ("traits.name.first", 7, TextKind::Error)
        );
        assert_eq!((found[1].0.as_str(), found[1].1.kind), ("", TextKind::Info));
        for nothing in [
            json!(null),
            json!({}),
            json!({"messages": []}),
            json!({"messages": [{"messages": []}]}),
            json!({"messages": [{"messages": [{"text": "x", "id": 9_007_199_254_740_992_u64}]}]}),
        ] {
            assert_eq!(messages(nothing.clone()), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_no_field_becomes_a_message_of_the_form() {
        for (pointer, name) in [
            ("#/traits/größe", "traits.größe"),
            ("#/traits/x\" onfocus=\"alert(1)", ""),
            ("#/<img src=x>", ""),
            ("#/traits/e mail", ""),
            ("#/traits/a\u{202e}b", ""),
            ("#/a\u{0}", ""),
        ] {
            assert_eq!(field(pointer), name, "{pointer}");
        }
        assert_eq!(field(&format!("#/{}", "x".repeat(257))), "");
    }

    #[test]
    fn texts_are_one_line_and_bounded() {
        assert_eq!(shown("a\r\nb\u{202e}c\u{7f}"), "a  bc ");
        assert_eq!(shown(&"ü".repeat(2_000)).chars().count(), 1_000);
        let many = json!({"messages": [{"messages": vec![json!({"text": "x"}); 50]}]});
        assert_eq!(messages(many).unwrap().len(), 20);
        let large = json!({"messages": [{"messages": [{"text": "x", "context": {"a": "x".repeat(5_000)}}]}]});
        assert_eq!(messages(large).unwrap()[0].1.context, Map::new());
    }
}
