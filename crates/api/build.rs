//! Compiles the protos without `protoc`, and writes the table of rpcs with the scope that each requires, that of what may be
//! sent twice, and a `Debug` that tells no secret.

#[path = "build/debug.rs"]
mod debug;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use prost_reflect::prost_types::method_options::IdempotencyLevel;
use prost_reflect::{DescriptorPool, MethodDescriptor, Value};

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
    fs::write(out.join("repeatable.rs"), repeatable_table(&pool)?)?;
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

/// A Rust array of `(path of the rpc, how far it may be sent twice)` in the order of the paths, read from the method option
/// `idempotency_level`. A read is one that has no side effects.
fn repeatable_table(pool: &DescriptorPool) -> Result<String, Box<dyn std::error::Error>> {
    let services = pool.services().filter(|service| service.full_name().starts_with("rollcall."));
    let mut methods: Vec<_> = services
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| (format!("/{}/{}", method.parent_service().full_name(), method.name()), kind(&method)))
        .collect();
    methods.sort();
    let mut table = String::from("[\n");
    for (path, kind) in methods {
        writeln!(table, "    (\"{path}\", Repeatable::{kind}),")?;
    }
    table.push(']');
    Ok(table)
}

fn kind(method: &MethodDescriptor) -> &'static str {
    let proto = method.method_descriptor_proto();
    let is_read = proto
        .options
        .as_ref()
        .is_some_and(|options| options.idempotency_level() == IdempotencyLevel::NoSideEffects);
    match (method.is_client_streaming(), is_read) {
        (true, _) => "Streamed",
        (false, true) => "Read",
        (false, false) => "Unprocessed",
    }
}
