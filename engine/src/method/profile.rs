//! The method `profile`: a user changes the traits of the own account (Kratos: selfservice/strategy/profile).

use super::change::{AccountChange, is_sensitive};
use super::contract::{Attempt, Checked, Draw, Facts, Member, Method, NewAccount, Prove, Verdict, Who};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::form::nodes;
use crate::form::outcome::Why;
use crate::form::request::Body;
use crate::identity::change::Refused;
use crate::identity::schema::Schema;
use crate::model::{FlowKind, MethodId};
use crate::ui::{Group, Node, text};
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

pub(super) struct Profile;

impl Method for Profile {
    fn id(&self) -> MethodId {
        MethodId::Profile
    }

    fn is_enabled(&self, config: &Config) -> bool {
        config.selfservice.offers(MethodId::Profile)
    }

    /// The fields of the identity's own schema; none where the configuration has it no more.
    fn draw(&self, on: &Draw<'_>) -> Vec<Node> {
        let schema = on.member.and_then(|record| on.ctx.config.schema(&record.identity.schema_id));
        let (true, FlowKind::Settings, Some(schema)) =
            (self.is_enabled(&on.ctx.config), on.flow.kind(), schema)
        else {
            return Vec::new();
        };
        let mut list = nodes::traits(&schema.schema);
        list.iter_mut().for_each(|node| node.group = Group::Profile);
        list.push(nodes::method(MethodId::Profile, Group::Profile, text::save()));
        list
    }

    fn check<'a>(&'a self, on: &'a mut Attempt) -> BoxFuture<'a, Result<Checked>> {
        Box::pin(async move { check(on) })
    }

    fn redraw(&self, on: &mut Attempt, _: &NewAccount) -> Result<()> {
        typed(on);
        Ok(())
    }

    fn taken<'a>(&'a self, _: &'a mut Attempt, _: &'a NewAccount) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async { Err(Error::internal("nobody signs up with a profile")) })
    }
}

fn check(on: &mut Attempt) -> Result<Checked> {
    const REFUSED: Checked = Checked::Done(Verdict::Form(Why::Refused));
    if !on.may_submit()? {
        return Ok(REFUSED);
    }
    typed(on);
    let ctx = on.ctx.clone();
    let record = on.record()?.clone();
    let Some(schema) = ctx.config.schema(&record.identity.schema_id) else {
        on.flow
            .message(text::generic("This account can’t be changed here. Contact the owner of this service."));
        return Ok(REFUSED);
    };
    let sent = on.body.get("traits").filter(|traits| traits.is_object()).cloned();
    let is_empty = sent.as_ref().and_then(Value::as_object).is_none_or(Map::is_empty);
    let mut traits = match (&on.submit.body, sent.unwrap_or_else(|| json!({}))) {
        (Body::Form(_), sent) if !is_empty => with_the_rest(&record.identity.traits, &schema.schema, sent),
        (_, sent) => sent,
    };
    schema.schema.nest(&mut traits);
    let wish = AccountChange::Traits(traits);
    let now = ctx.effects().now();
    let changed = match wish.on(&record, now).apply(&record, &ctx.change_rules(now)) {
        Ok(_) if is_empty => {
            on.flow.message(text::required("traits"));
            return Ok(REFUSED);
        }
        Ok(changed) => changed,
        Err(Refused::Violations(violations)) => {
            for violation in violations {
                on.flow.ui.attach(&violation.pointer, violation.text);
            }
            return Ok(REFUSED);
        }
        Err(Refused::UnknownSchema(id)) => return Err(Error::internal(format!("the schema {id:?} is gone"))),
        Err(Refused::UnknownAddress(id)) => return Err(Error::internal(format!("the address {id} is gone"))),
    };
    let sensitive = is_sensitive(&record, &changed.record);
    Ok(Checked::Go(Box::new(NewTraits { wish, sensitive, version: record.identity.version })))
}

/// The fields have what was typed, and nothing else.
fn typed(on: &mut Attempt) {
    for node in on.flow.nodes().iter_mut().filter(|node| node.id().starts_with("traits.")) {
        if let Some(input) = node.input_mut() {
            input.value = None;
        }
    }
    on.flow.ui.put_values(&on.body);
}

/// A page sends no field that it does not have or that is disabled: those traits stay.
fn with_the_rest(own: &Value, schema: &Schema, typed: Value) -> Value {
    let mut traits = own.clone();
    for leaf in schema.traits().iter().filter(|leaf| !leaf.disabled) {
        let path: Vec<&str> = leaf.name.split('.').skip(1).collect();
        remove(&mut traits, &path);
    }
    lay_over(&mut traits, typed);
    traits
}

fn remove(from: &mut Value, path: &[&str]) {
    match path {
        [] => {}
        [last] => {
            if let Value::Object(members) = from {
                members.shift_remove(*last);
            }
        }
        [first, rest @ ..] => {
            if let Some(inner) = from.get_mut(*first) {
                remove(inner, rest);
            }
        }
    }
}

fn lay_over(target: &mut Value, more: Value) {
    match (target, more) {
        (Value::Object(target), Value::Object(more)) => {
            for (name, value) in more {
                lay_over(target.entry(name).or_insert(Value::Null), value);
            }
        }
        (target, more) => *target = more,
    }
}

/// Traits that fit the schema.
struct NewTraits {
    wish: AccountChange,
    sensitive: bool,
    /// Of the account that they were judged with.
    version: i64,
}

impl Prove for NewTraits {
    fn is_sensitive(&self) -> bool {
        self.sensitive
    }

    fn adds_access(&self) -> bool {
        self.sensitive
    }

    fn prove<'a>(self: Box<Self>, _: &'a mut Attempt) -> BoxFuture<'a, Result<Verdict>> {
        Box::pin(async move {
            let member = Member { wish: self.wish, version: Some(self.version), hooked: None };
            Ok(Verdict::Proceed(Box::new(Facts::of(Who::Member(Box::new(member))))))
        })
    }
}
