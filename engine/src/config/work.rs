//! `vestibule.limits.work`: how many templates and provider requests run at once, and how many are queued.

use super::reader::Reader;
use crate::gate::Capacity;
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct WorkLimits {
    /// Templates that a user waits for.
    pub templates: Capacity,
    /// Sign-ins that wait for one provider.
    pub provider_requests: Capacity,
}

impl WorkLimits {
    /// Templates of what comes from the queue. Few are made at once, so they may wait.
    pub fn background_templates(&self) -> Capacity {
        Capacity {
            at_once: self.templates.at_once.div_ceil(2),
            waiting: usize::MAX,
            patience: Duration::from_secs(60),
        }
    }

    /// Claims mappings. A provider's callback can't be repeated, so they stay queued longer.
    pub fn mappers(&self) -> Capacity {
        Capacity { patience: self.templates.patience.saturating_mul(5), ..self.templates }
    }
}

pub(super) fn read(reader: &mut Reader<'_, '_>) -> WorkLimits {
    let key = |name: &str| format!("vestibule.limits.work.{name}");
    let patience = reader.lifespan(&key("patience"));
    let capacity = |name: &str| Capacity {
        at_once: reader.integer(&key(name)),
        waiting: reader.integer(&key(&format!("{name}_waiting"))),
        patience,
    };
    WorkLimits { templates: capacity("templates"), provider_requests: capacity("provider_requests") }
}
