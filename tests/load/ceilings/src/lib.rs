//! What the ceilings have in common: the answer that they give, and how they listen.

use anyhow::Result;
use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

/// The messages, client and server of `proto/ceiling.proto`.
pub mod proto {
    tonic::include_proto!("ceiling");
}

/// The constant answer: a user of the size that the load tests create, as Rollcall answers it.
pub const USER: &[u8] = include_bytes!("user.json");

/// Serves HTTP on a port of the loopback interface until the process is ended.
pub async fn serve(port: &str, app: Router) -> Result<()> {
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let listener = listener.tap_io(|stream| {
        // A socket that is already gone is found out by the read that follows.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}
