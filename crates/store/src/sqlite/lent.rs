//! Connections that are lent, and given back.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedSemaphorePermit;

use super::failure::closed;
use crate::Result;

/// The connections that nobody uses; `None`, the store has been closed.
#[derive(Debug)]
pub(super) struct Idle(Mutex<Option<Vec<rusqlite::Connection>>>);

impl Idle {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Some(Vec::new())))
    }

    /// One of them, if there is one.
    pub(super) fn take(&self) -> Result<Option<rusqlite::Connection>> {
        self.lock().as_mut().map(Vec::pop).ok_or_else(closed)
    }

    /// Closes them, and those that are lent when they are given back.
    pub(super) fn close(&self) {
        *self.lock() = None;
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Vec<rusqlite::Connection>>> {
        // What is held is whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that somebody uses; dropped, it is idle again.
#[derive(Debug)]
pub(super) struct Lent {
    connection: Option<rusqlite::Connection>,
    idle: Arc<Idle>,
    // Free after the connection is.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Lent {
    /// `turn` is held for as long as the connection is lent.
    pub(super) fn new(
        connection: rusqlite::Connection,
        idle: Arc<Idle>,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { connection: Some(connection), idle, _turn: turn }
    }

    pub(super) fn connection(&self) -> Result<&rusqlite::Connection> {
        self.connection.as_ref().ok_or_else(closed)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // One that is in a transaction is closed, which ends that.
        let connection = self.connection.take().filter(rusqlite::Connection::is_autocommit);
        if let (Some(connections), Some(connection)) = (&mut *self.idle.lock(), connection) {
            connections.push(connection);
        }
    }
}
