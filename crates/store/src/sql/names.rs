//! Who is called how, whether they are still there or not.

use async_trait::async_trait;
use rollcall_scim::fold::fold;
use uuid::Uuid;

use super::super::Database;
use super::Statement;
use super::comparison::successor;
use crate::{NameReading, Result};

/// Where names are, each with an index that leads to it: the column of the id, the table, and the column of the name.
const FOLDED: [(&str, &str, &str); 4] = [
    ("id", "resources WHERE type = 'User' AND ", "unique_name"),
    ("id", "resources WHERE ", "display_name"),
    ("user_id", "emails WHERE ", "value"),
    ("id", "departed_users WHERE ", "unique_name"),
];
const AS_SENT: [(&str, &str, &str); 3] = [
    ("id", "resources WHERE type = 'User' AND ", "external_id"),
    ("id", "resources WHERE type = 'Group' AND ", "external_id"),
    ("id", "departed_users WHERE ", "external_id"),
];

#[async_trait]
impl NameReading for Database {
    async fn ids_named(&self, directory: Uuid, beginning: &str, limit: u32) -> Result<Vec<Uuid>> {
        let mut query = Statement::new("");
        let folded = fold(beginning);
        let places = FOLDED.iter().map(|place| (place, folded.as_str()));
        let places = places.chain(AS_SENT.iter().map(|place| (place, beginning)));
        for (number, ((id, table, name), beginning)) in places.enumerate() {
            // Each part ends by itself, so that a common beginning does not read a whole directory.
            query.push(if number == 0 { "" } else { " UNION " });
            query.push("SELECT id FROM (SELECT ").push(*id).push(" AS id FROM ").push(*table);
            query.push("directory_id = ").push_bind(directory);
            query.push(" AND ").push(*name).push(" >= ").push_bind(beginning.to_owned());
            if let Some(end) = successor(beginning) {
                query.push(" AND ").push(*name).push(" < ").push_bind(end);
            }
            query.push(" LIMIT ").push_bind(i64::from(limit)).push(") AS part").push(number.to_string());
        }
        query.push(" LIMIT ").push_bind(i64::from(limit));
        query.values(&mut self.reader().await?).await
    }
}
