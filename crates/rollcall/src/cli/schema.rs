//! `rollcall schema`: the schemas that a directory registers beside the built-in ones.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use rollcall_api::v1::schema::Attribute;
use rollcall_api::v1::{
    DeleteSchemaRequest, ListRegisteredSchemasRequest, RegisterSchemaRequest, RegisteredSchema,
    Schema as Definition,
};
use rollcall_api::{client, discovery};
use rollcall_scim::registration;
use serde_json::{Value, json};

use super::time::{exact_time, short_time};
use crate::client::{Client, Connection, present};
use crate::output::{self, Cell, Table};
use crate::settings::small_file;

const REGISTER_EXAMPLES: &str = "\
Examples:
  rollcall schema register badge.json --directory acme
  rollcall schema register cost-centre.json --directory acme --resource-type group --required

The file has a schema as RFC 7643 §7 writes one:
  {
    \"id\": \"urn:example:acme:2.0:Badge\",
    \"name\": \"Badge\",
    \"attributes\": [
      { \"name\": \"number\", \"uniqueness\": \"server\", \"caseExact\": true },
      { \"name\": \"level\", \"type\": \"integer\" }
    ]
  }";

/// `rollcall schema`.
#[derive(Debug, Args)]
pub(super) struct Schema {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Register a schema, or replace the one with its URN
    #[command(after_help = REGISTER_EXAMPLES)]
    Register(Register),
    /// List the schemas that a directory has registered
    List {
        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// Show a registered schema with its attributes
    Show {
        /// URN of the schema
        urn: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// Delete a registered schema of which no resource has a value
    Delete {
        /// URN of the schema
        urn: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
}

#[derive(Debug, Args)]
struct Register {
    /// File with the schema as JSON; - is standard input
    file: PathBuf,

    /// Name of the directory
    #[arg(long)]
    directory: String,

    /// What it extends
    #[arg(long, default_value = "user", ignore_case = true)]
    resource_type: ResourceType,

    /// Every create and replacement must have a value of it
    #[arg(long)]
    required: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ResourceType {
    User,
    Group,
}

impl ResourceType {
    fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }
}

impl Schema {
    pub(super) async fn run(self) -> Result<()> {
        let json = self.connection.json;
        match self.action {
            Action::Register(register) => {
                // What is wrong with the file is told before anybody is called.
                let schema = register.schema()?;
                let client = Client::connect(&self.connection).await?;
                let registered = register.run(&client, schema).await?;
                if json {
                    output::json(&as_json(&registered))
                } else {
                    output::table(&as_table(&[registered]))
                }
            }
            Action::List { directory } => {
                let client = Client::connect(&self.connection).await?;
                let schemas = all(&client, directory).await?;
                if json {
                    output::json(&json!({ "schemas": schemas.iter().map(as_json).collect::<Vec<_>>() }))
                } else {
                    output::table(&as_table(&schemas))
                }
            }
            Action::Show { urn, directory } => {
                let client = Client::connect(&self.connection).await?;
                let schemas = all(&client, directory).await?;
                let found =
                    schemas.into_iter().find(|schema| definition(schema).id.eq_ignore_ascii_case(&urn));
                let found = found.ok_or_else(|| anyhow!("there is no registered schema {urn:?}"))?;
                if json {
                    output::json(&as_json(&found))
                } else {
                    output::table(&attributes(&definition(&found)))
                }
            }
            Action::Delete { urn, directory } => {
                let client = Client::connect(&self.connection).await?;
                let request = client.request(DeleteSchemaRequest { directory, id: urn.clone() });
                let answer = client::schemas(client.channel()).delete_schema(request).await;
                answer.map_err(|status| client.explain(&status))?;
                if json {
                    output::json(&json!({ "deleted": urn }))
                } else {
                    output::line(&format!("deleted {urn}"))
                }
            }
        }
    }
}

impl Register {
    fn schema(&self) -> Result<Definition> {
        let shown = self.file.display();
        let text = if self.file.as_os_str() == "-" {
            small_file::read(Path::new("/dev/stdin"))
        } else {
            small_file::read(&self.file)
        };
        let text = text.with_context(|| format!("cannot read {shown}"))?;
        let json: Value = serde_json::from_slice(&text).with_context(|| format!("{shown} is no JSON"))?;
        let schema = registration::read(json).map_err(|error| anyhow!("{shown}: {error}"))?;
        Ok(discovery::schema(&schema))
    }

    async fn run(self, client: &Client, schema: Definition) -> Result<RegisteredSchema> {
        let request = RegisterSchemaRequest {
            directory: self.directory,
            schema: Some(schema),
            resource_type: self.resource_type.name().to_owned(),
            required: self.required,
        };
        let answer = client::schemas(client.channel()).register_schema(client.request(request)).await;
        present(answer.map_err(|status| client.explain(&status))?.into_inner().schema)
    }
}

async fn all(client: &Client, directory: String) -> Result<Vec<RegisteredSchema>> {
    let request = client.request(ListRegisteredSchemasRequest { directory });
    let answer = client::schemas(client.channel()).list_registered_schemas(request).await;
    Ok(answer.map_err(|status| client.explain(&status))?.into_inner().schemas)
}

fn definition(registered: &RegisteredSchema) -> Definition {
    registered.schema.clone().unwrap_or_default()
}

fn as_table(schemas: &[RegisteredSchema]) -> Table {
    let mut table = Table::new(&["URN", "NAME", "EXTENDS", "REQUIRED", "ATTRIBUTES", "CREATED"]);
    for registered in schemas {
        let schema = definition(registered);
        table.row([
            schema.id.into(),
            schema.name.into(),
            registered.resource_type.as_str().into(),
            if registered.required { Cell::Good("yes".to_owned()) } else { Cell::Faint("no".to_owned()) },
            schema.attributes.len().to_string().into(),
            Cell::optional(short_time(registered.created)),
        ]);
    }
    table
}

/// Every attribute of a schema, a row each, with what is not as RFC 7643 §2.2 has it unless told otherwise.
fn attributes(schema: &Definition) -> Table {
    let mut table = Table::new(&["ATTRIBUTE", "TYPE", "CHARACTERISTICS"]);
    for attribute in &schema.attributes {
        table.row(row(&attribute.name, attribute));
        for sub in &attribute.sub_attributes {
            table.row(row(&format!("{}.{}", attribute.name, sub.name), sub));
        }
    }
    table
}

fn row(name: &str, attribute: &Attribute) -> [Cell; 3] {
    let flags = [
        ("multiValued", attribute.multi_valued),
        ("required", attribute.required),
        ("caseExact", attribute.case_exact),
    ];
    let words = [
        ("mutability", &attribute.mutability, "readWrite"),
        ("returned", &attribute.returned, "default"),
        ("uniqueness", &attribute.uniqueness, "none"),
    ];
    let flags = flags.into_iter().filter(|(_, on)| *on).map(|(flag, _)| flag.to_owned());
    let words = words
        .into_iter()
        .filter(|(_, word, default)| word != default)
        .map(|(characteristic, word, _)| format!("{characteristic}={word}"));
    let characteristics: Vec<String> = flags.chain(words).collect();
    let characteristics = (!characteristics.is_empty()).then(|| characteristics.join(" "));
    [name.into(), attribute.r#type.as_str().into(), Cell::optional(characteristics)]
}

fn as_json(registered: &RegisteredSchema) -> Value {
    json!({
        "schema": discovery::registration(&definition(registered)),
        "resourceType": registered.resource_type,
        "required": registered.required,
        "created": exact_time(registered.created),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered() -> RegisteredSchema {
        let schema = registration::read(json!({
            "id": "urn:example:badge",
            "attributes": [
                {"name": "number", "uniqueness": "server", "caseExact": true},
                {"name": "doors", "type": "complex", "multiValued": true, "subAttributes": [{"name": "value"}]},
            ],
        }));
        RegisteredSchema {
            schema: Some(discovery::schema(&schema.unwrap())),
            resource_type: "User".to_owned(),
            required: true,
            created: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
        }
    }

    fn lines(table: &Table) -> Vec<String> {
        let text = table.render(false);
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_schema_is_a_row_and_its_attributes_are_rows_of_their_own() {
        assert_eq!(
            lines(&as_table(&[registered()]))[1],
            "urn:example:badge badge User yes 2 2023-11-14T22:13:20Z"
        );
        assert_eq!(
            lines(&attributes(&definition(&registered())))[1..],
            [
                "number string caseExact uniqueness=server",
                "doors complex multiValued",
                "doors.value string -",
            ]
        );
    }

    #[test]
    fn what_is_shown_for_machines_can_be_registered_again() {
        let json = as_json(&registered());
        assert_eq!(json["resourceType"], "User");
        let again = registration::read(json["schema"].clone()).unwrap();
        assert_eq!(Some(discovery::schema(&again)), registered().schema);
    }
}
