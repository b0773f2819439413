//! Lists of hooks in every combination, and what is to be seen of a sign-up with them: worked out from the lists alone, as the
//! contract has it, so that neither the plan nor what executes it is a witness of its own.

use crate::plan::Client;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What may stand in a list beside `session`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A web hook whose answer is waited for and not read.
    Awaited,
    Ignored,
    Interrupts,
    /// Its answer may change the account.
    Changes,
    ShowsVerification,
}

const ENTRIES: [Entry; 5] =
    [Entry::Awaited, Entry::Ignored, Entry::Interrupts, Entry::Changes, Entry::ShowsVerification];

/// Where `session` stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Session {
    Nowhere,
    First,
    Last,
}

#[derive(Clone, Debug)]
pub struct Case {
    /// The method's list.
    pub method: Vec<Entry>,
    pub session: Session,
    /// The flow's.
    pub flow: Vec<Entry>,
    pub verification: bool,
    /// `require_verified_address` at sign-in.
    pub gate: bool,
    /// The option to sign in when the address is proven.
    pub when_proven: bool,
    /// That option, for both lists.
    pub atomic: bool,
    pub client: Client,
}

impl Entry {
    fn path(self) -> &'static str {
        match self {
            Entry::Awaited => "/awaited",
            Entry::Ignored => "/ignored",
            Entry::Interrupts => "/interrupts",
            Entry::Changes => "/changes",
            Entry::ShowsVerification => "",
        }
    }

    fn json(self, base: &str, place: &str, at: usize) -> Value {
        let more = match self {
            Entry::ShowsVerification => return json!({"hook": "show_verification_ui"}),
            Entry::Awaited => json!({}),
            Entry::Ignored => json!({"response": {"ignore": true}}),
            Entry::Interrupts => json!({"can_interrupt": true}),
            Entry::Changes => json!({"response": {"parse": true}}),
        };
        let body =
            "function(ctx) { mail: ctx.identity.traits.email, session: std.objectHas(ctx, 'session') }";
        let body = STANDARD.encode(body);
        let mut config = json!({
            "url": format!("{base}/{place}/{at}{}", self.path()), "method": "POST",
            "body": format!("base64://{body}"),
        });
        if let (Value::Object(config), Value::Object(more)) = (&mut config, more) {
            config.extend(more);
        }
        json!({"hook": "web_hook", "config": config})
    }
}

impl Case {
    /// The configuration, with web hooks at `base`.
    pub fn config(&self, base: &str) -> Value {
        let list = |place: &str, entries: &[Entry]| -> Vec<Value> {
            entries.iter().enumerate().map(|(at, entry)| entry.json(base, place, at)).collect()
        };
        let mut method = list("method", &self.method);
        match self.session {
            Session::Nowhere => {}
            Session::First => method.insert(0, json!({"hook": "session"})),
            Session::Last => method.push(json!({"hook": "session"})),
        }
        let gate = if self.gate { json!([{"hook": "require_verified_address"}]) } else { json!([]) };
        json!({
            "selfservice": {
                "methods": {"password": {"config": {"haveibeenpwned_enabled": false}}, "code": {"enabled": true}},
                "flows": {
                    "verification": {"enabled": self.verification},
                    "registration": {"style": "unified", "after": {
                        "hooks": list("flow", &self.flow), "password": {"hooks": method},
                    }},
                    "login": {"after": {"password": {"hooks": gate}}},
                },
            },
            "courier": {"smtp": {"connection_uri": "smtp://127.0.0.1:1/?disable_starttls=true"}},
            "vestibule": {
                "registration": {
                    "sign_in_after_verification": self.when_proven,
                    "atomic": if self.atomic { json!(["flow", "password"]) } else { json!([]) },
                },
                // One client plays all cases.
                "limits": {
                    "flows": {"per_client": 1_000_000}, "sign_ups": {"per_client": 1_000_000},
                    "emails": {"per_client": 1_000_000, "total": 1_000_000},
                },
            },
        })
    }

    /// The list that is in force, by the contract: the method's, unless it has none.
    pub fn in_force(&self) -> (&'static str, &[Entry]) {
        if self.method.is_empty() && self.session == Session::Nowhere {
            ("flow", &self.flow)
        } else {
            ("method", &self.method)
        }
    }

    pub fn signs_in(&self) -> bool {
        self.session != Session::Nowhere
    }

    /// Later, with the code: what no list says, and only where codes are mailed.
    pub fn waits(&self) -> bool {
        self.when_proven && self.verification && !self.signs_in()
    }

    /// Calls somebody waits for: path, and whether the account is stored by then.
    pub fn calls(&self) -> Vec<(String, bool)> {
        let (place, list) = self.in_force();
        let calls = |wanted: &[Entry], stored: bool| -> Vec<(String, bool)> {
            let entries = list.iter().enumerate().filter(|(_, entry)| wanted.contains(entry));
            entries.map(|(at, entry)| (format!("/{place}/{at}{}", entry.path()), stored)).collect()
        };
        // What may stop a sign-up runs from the method's list alone.
        let asks =
            if place == "method" { calls(&[Entry::Interrupts, Entry::Changes], false) } else { Vec::new() };
        // All or nothing: an account that nobody sees yet is none.
        asks.into_iter().chain(calls(&[Entry::Awaited], !self.atomic)).collect()
    }

    pub fn ignored(&self) -> usize {
        self.in_force().1.iter().filter(|entry| **entry == Entry::Ignored).count()
    }

    pub fn shows_verification(&self) -> bool {
        self.verification && self.in_force().1.contains(&Entry::ShowsVerification)
    }
}

/// Every combination, one client after the other in each.
pub fn cases() -> Vec<Case> {
    let mut lists: Vec<Vec<Entry>> = vec![vec![]];
    lists.extend(ENTRIES.map(|one| vec![one]));
    lists.extend(ENTRIES.iter().flat_map(|one| ENTRIES.map(|two| vec![*one, two])));
    // The same entry twice is refused when the configuration is read.
    lists.retain(|list| list != &[Entry::ShowsVerification; 2]);
    let mut cases = Vec::new();
    for method in &lists {
        for session in [Session::Nowhere, Session::First, Session::Last] {
            for flow in [vec![], vec![Entry::Awaited], vec![Entry::Interrupts, Entry::Ignored]] {
                for (verification, gate, when_proven, atomic) in [
                    (false, false, true, false),
                    (true, false, false, false),
                    (true, true, false, false),
                    (true, true, true, false),
                    (true, true, true, true),
                ] {
                    for client in Client::ALL {
                        cases.push(Case {
                            method: method.clone(),
                            session,
                            flow: flow.clone(),
                            verification,
                            gate,
                            when_proven,
                            atomic,
                            client,
                        });
                    }
                }
            }
        }
    }
    cases
}
