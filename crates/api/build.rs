//! Compiles the protos without `protoc`, and writes the table of rpcs with the scope that each requires, and a `Debug` that
//! tells no secret.

#[path = "build/debug.rs"]
mod debug;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use prost_reflect::{DescriptorPool, Value};

const FILES: &[&str] = &[
    "access.proto",
    "activity.proto",
    "audit.proto",
    "bulk.proto",
    "directory.proto",
    "discovery.proto",
    "error_reason.proto",
    "event.proto",
    "group.proto",
    "hold.proto",
    "identity.proto",
    "notice.proto",
    "oauth.proto",
    "provisioning_rule.proto",
    "resource.proto",
    "schema.proto",
    "search.proto",
    "service_key.proto",
    "sso.proto",
    "session.proto",
    "token.proto",
    "user.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(FILES.iter().map(|file| format!("rollcall/v1/{file}")))?;

    let descriptors = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(descriptors.as_slice())?;
    let redacted = debug::redacted_messages(&pool);
    fs::write(out.join("rpcs.rs"), rpc_table(&pool)?)?;
    fs::write(out.join("debug.rs"), debug::implementations(&redacted)?)?;
    fs::write(out.join("shown.rs"), debug::table(&pool)?)?;
    fs::write(out.join("descriptors.bin"), descriptors)?;

    tonic_prost_build::configure()
        .build_transport(false)
        .btree_map(".")
        .bytes(".rollcall.v1.ScimResource.json")
        // Without a dot in front a name stands for the message alone, and not for those within it too.
        .skip_debug(redacted.iter().map(|message| message.full_name().to_owned()))
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// A Rust array of `(path of the rpc, scope)`, read from the method option `required_scope`.
fn rpc_table(pool: &DescriptorPool) -> Result<String, Box<dyn std::error::Error>> {
    let option =
        pool.get_extension_by_name("rollcall.v1.required_scope").ok_or("required_scope is not declared")?;
    let mut table = String::from("[\n");
    for service in pool.services().filter(|service| service.full_name().starts_with("rollcall.")) {
        for method in service.methods() {
            let options = method.options();
            let Value::EnumNumber(scope) = *options.get_extension(&option) else {
                return Err("required_scope is no enum".into());
            };
            if scope == 0 {
                return Err(format!("{} has no required_scope", method.full_name()).into());
            }
            writeln!(table, "    (\"/{}/{}\", {scope}),", service.full_name(), method.name())?;
        }
    }
    table.push(']');
    Ok(table)
}
