//! What protects a directory from a mistake of its identity provider.

use serde_json::{Map, Value, json};

/// What protects a directory from a mistake of its identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Safeguards {
    /// For how many days the users who are deleted are kept, so that they can return; 0, not at all.
    pub retention_days: u32,
}

impl Default for Safeguards {
    fn default() -> Self {
        Self { retention_days: 30 }
    }
}

impl Safeguards {
    /// The safeguards as JSON: those that are not as a new directory has them.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        let mut json = Map::new();
        if self.retention_days != Self::default().retention_days {
            json.insert("retention_days".to_owned(), json!(self.retention_days));
        }
        json
    }

    /// Reads what [`to_json`](Self::to_json) wrote; `None`, it is damaged.
    pub(crate) fn from_json(json: Option<&Value>) -> Option<Self> {
        let mut safeguards = Self::default();
        let Some(json) = json else { return Some(safeguards) };
        if let Some(days) = json.as_object()?.get("retention_days") {
            safeguards.retention_days = u32::try_from(days.as_u64()?).ok()?;
        }
        Some(safeguards)
    }
}
